"""A rejected row is opened, mended and traced, and the rest is tried again, all in the browser."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import settled
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
SCHEMA = {"columns": [{"name": "id"}, {"name": "currency", "allowed": ["EUR", "USD"]}]}
FILE = "id,currency\n1,EUR\n2,JPY\n3,XXX\n"
MAKE = """async ([schema, file]) => {
    const send = (path, body, headers) => fetch("/api/v1" + path, {method: "POST", body, headers});
    const json = {"Content-Type": "application/json"};
    const made = await send("/datasets", JSON.stringify({name: "mended_here", schema}), json);
    const form = new FormData();
    form.append("file", new Blob([file]), "rows.csv");
    const loaded = await send("/ingest?dataset=mended_here&wait=true", form);
    return [made.status, loaded.status, (await loaded.json()).batches[0].batch_id];
}"""


def test_a_rejected_row_is_mended_on_the_page(admin_page: Page, app_server: Product) -> None:
    page, batch = admin_page, make(admin_page)
    page.goto(f"{app_server.url}/datasets?dataset=mended_here")
    page.get_by_role("tab", name="Rejected").click(timeout=60_000)
    choose_first_row(page)
    panel = page.get_by_role("tabpanel").filter(has_text="Check them all again")
    expect(panel.get_by_text(f"Row {batch}.2")).to_be_visible(timeout=30_000)
    mend(panel, "GBP")
    expect(panel.get_by_text('currency "GBP" is not one of EUR, USD.').first).to_be_visible(timeout=60_000)
    mend(panel, "USD")
    expect(page.get_by_text(f"Row {batch}.2 is stored.")).to_be_visible(timeout=60_000)
    settled(page)
    panel.get_by_text("Check them all again").click()
    panel.get_by_role("button", name="Try").click()
    expect(panel.get_by_text("1 checked, 0 would pass, 1 still rejected.")).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Rows").click()
    rows = page.get_by_role("tabpanel").filter(has_text="Only rows where")
    rows.get_by_test_id("stDataFrame").first.click(position={"x": 18, "y": 35 + 35 + 17})
    expect(rows.get_by_text("Why it was rejected at first")).to_be_visible(timeout=30_000)
    expect(rows.get_by_text("currency = USD")).to_be_visible()


def make(page: Page) -> int:
    made, loaded, batch = page.evaluate(MAKE, [SCHEMA, FILE])
    assert (made, loaded) == (201, 200)
    return int(batch)


def choose_first_row(page: Page) -> None:
    """The table is a canvas."""
    table = page.get_by_role("tabpanel").filter(has_text="Select a row to see all of it").get_by_test_id("stDataFrame")
    table.first.click(position={"x": 18, "y": 35 + 17})


def mend(panel: Any, text: str) -> None:
    panel.get_by_label("currency", exact=True).fill(text)
    panel.get_by_role("button", name="Check and store").first.click()
