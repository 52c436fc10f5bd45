"""A file is dropped, looked at, loaded and undone, all in the browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Product

pytestmark = pytest.mark.browser
FILE = b"id,amount,day\n1,10.50,2026-01-02\n2,x,2026-01-03\n3,7,2026-01-04\n" + b"4,1,2026-01-05\n" * 300


def test_a_dropped_file_becomes_a_dataset_that_explains_its_refused_rows(admin_page: Page, app_server: Product) -> None:
    page = admin_page
    page.goto(f"{app_server.url}/datasets")
    page.get_by_text("New dataset").first.wait_for()
    if not page.locator("input[type=file]").count():
        page.get_by_text("New dataset").first.click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "My orders.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    expect(page.get_by_label("Name of the dataset")).to_have_value("my_orders", timeout=30_000)
    expect(page.get_by_text("3 columns in My orders.csv")).to_be_visible()
    page.get_by_role("button", name="Create and load").click()
    expect(page.get_by_role("heading", name="my_orders")).to_be_visible()
    expect(page.get_by_text("Published")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("303 rows: 303 stored, 0 refused")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("My orders.csv is undone.")).to_be_visible()
