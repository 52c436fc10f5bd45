"""A file is dropped, looked at, loaded and undone, all in the browser."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.runtime.product import Product

pytestmark = pytest.mark.browser
FILE = b"id,amount,day\n1,10.50,2026-01-02\n2,x,2026-01-03\n3,7,2026-01-04\n" + b"4,1,2026-01-05\n" * 300


def test_a_dropped_file_becomes_a_dataset_and_can_be_undone(admin_page: Page, app_server: Product) -> None:
    page, name = admin_page, f"My orders {uuid.uuid4().hex[:6]}"
    stored = name.lower().replace(" ", "_")
    page.goto(f"{app_server.url}/datasets")
    form = page.locator("details", has_text="New dataset").first
    form.wait_for()
    if not form.evaluate("one => one.open"):  # open by itself while there are no datasets
        form.locator("summary").first.click()
    file = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": FILE}
    form.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_label("Name of the dataset")).to_have_value(stored)
    expect(page.get_by_text(f"3 columns in {name}.csv")).to_be_visible()
    page.get_by_role("button", name="Create and load").click()
    expect(page.get_by_role("heading", name=stored)).to_be_visible()
    expect(page.get_by_text("303 rows: 303 stored, 0 rejected").first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{name}.csv is undone.")).to_be_visible()
