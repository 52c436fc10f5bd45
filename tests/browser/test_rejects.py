"""A rejected row is opened, mended and traced, and the rest is tried again, all in the browser."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.screens import choose_row, click_until, settled
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
SCHEMA = {"columns": [{"name": "id"}, {"name": "currency", "allowed": ["EUR", "USD"]}]}
FILE = "id,currency\n1,EUR\n2,JPY\n3,XXX\n"
MAKE = """async ([name, schema, file]) => {
    const send = (path, body, headers) => fetch("/api/v1" + path, {method: "POST", body, headers});
    const json = {"Content-Type": "application/json"};
    const made = await send("/datasets", JSON.stringify({name, schema}), json);
    const form = new FormData();
    form.append("file", new Blob([file]), "rows.csv");
    const loaded = await send(`/ingest?dataset=${name}&wait=true`, form);
    return [made.status, loaded.status, (await loaded.json()).batches[0].batch_id];
}"""


def test_a_rejected_row_is_mended_on_the_page(admin_page: Page, app_server: Product) -> None:
    page, name = admin_page, f"mended_{uuid.uuid4().hex[:6]}"
    batch = make(page, name)
    page.goto(f"{app_server.url}/datasets?dataset={name}")
    page.get_by_role("tab", name="Rejected").click()
    choose_row(table(page, "Select a row to see all of it"), 1, "JPY")
    panel = page.get_by_role("tabpanel").filter(has_text="Check them all again")
    expect(panel.get_by_text(f"Row {batch}.2")).to_be_visible()
    mend(panel, "GBP")
    expect(panel.get_by_text('currency "GBP" is not one of EUR, USD.').first).to_be_visible()
    mend(panel, "USD")
    expect(page.get_by_text(f"Row {batch}.2 is stored.")).to_be_visible()
    settled(page)
    panel.get_by_text("Check them all again").click()
    counted = panel.get_by_text("1 checked, 0 would pass, 1 still rejected.")
    click_until(panel.get_by_role("button", name="Try"), counted)
    page.get_by_role("tab", name="Rows").click()
    rows = page.get_by_role("tabpanel").filter(has_text="Only rows where")
    choose_row(rows.get_by_test_id("stDataFrame").first, 2, "USD")
    expect(rows.get_by_text("Why it was rejected at first")).to_be_visible()
    expect(rows.get_by_text("currency = USD")).to_be_visible()


def make(page: Page, name: str) -> int:
    made, loaded, batch = page.evaluate(MAKE, [name, SCHEMA, FILE])
    assert (made, loaded) == (201, 200)
    return int(batch)


def table(page: Page, below: str) -> Locator:
    return page.get_by_role("tabpanel").filter(has_text=below).get_by_test_id("stDataFrame").first


def mend(panel: Any, text: str) -> None:
    panel.get_by_label("currency", exact=True).fill(text)
    panel.get_by_role("button", name="Check and store").first.click()
