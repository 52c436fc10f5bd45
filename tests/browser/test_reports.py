"""From a starter to a report that can be read, traced and downloaded, as an author does it."""

import uuid
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser.board_page import FETCH
from tests.browser.screens import settled
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
NASTY = "<img src=x onerror=\"parent.document.title='HACKED'\">"


@pytest.fixture
def board(admin_page: Page) -> str:
    """The name of a board with one card that means harm."""
    name = f"Team {uuid.uuid4().hex[:6]}"
    made = admin_page.evaluate(FETCH, ["POST", "/boards", {"name": name}])
    admin_page.evaluate(FETCH, ["POST", f"/boards/{made['id']}/cards", {"title": NASTY, "category": "highlight"}])
    return name


def test_a_report_is_made_read_traced_and_downloaded(
    admin_page: Page, app_server: Product, board: str, tmp_path: Path
) -> None:
    page = admin_page
    page.goto(f"{app_server.url}/templates")
    page.get_by_role("button", name="New template").click()
    page.get_by_role("combobox", name="Board").click()
    page.get_by_role("option", name=board).click()
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Make a report").click()
    page.get_by_role("combobox", name="Week").click()
    page.get_by_role("option", name="Last 7 days").click()
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_role("tab", name="Report", exact=True)).to_be_visible()
    document = page.frame_locator("iframe[title]").frame_locator("iframe")
    expect(document.get_by_role("heading", level=1)).to_contain_text(f"Weekly report: {board}")
    expect(document.get_by_text("took up 1 new ones")).to_be_visible()
    expect(document.get_by_text(NASTY)).to_be_visible()
    assert "HACKED" not in page.title()
    page.get_by_role("tab", name="Where the numbers come from").click()
    expect(page.get_by_text(f"board {board}")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF").click()
    download.value.save_as(tmp_path / "report.pdf")
    assert "took up 1 new ones" in pypdf.PdfReader(tmp_path / "report.pdf").pages[0].extract_text()


def test_a_block_is_added_moved_saved_and_its_version_restored(
    admin_page: Page, app_server: Product, board: str
) -> None:
    page = admin_page
    name = f"Blocks {board}"
    made = page.evaluate(FETCH, ["POST", "/templates", {"name": name}])
    page.goto(f"{app_server.url}/templates?template={made['id']}")
    blocks = page.get_by_test_id("stExpander")
    for count, kind in enumerate(("Heading", "Page break"), start=1):
        page.get_by_role("button", name=kind).click()
        expect(blocks).to_have_count(count)
        settled(page)  # a click during the run of another one takes its place
    page.get_by_text("Heading: New heading").click()
    page.get_by_label("Text", exact=True).fill("Results")
    page.get_by_label("Text", exact=True).press("Enter")
    expect(page.get_by_text("Heading: Results")).to_be_visible()
    page.get_by_role("button", name="Down").first.click()
    expect(blocks.first).to_contain_text("Page break")
    settled(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Version 2 · saved")).to_be_visible()
    saved = page.evaluate(FETCH, ["GET", f"/templates/{made['id']}", None])
    assert [block["kind"] for block in saved["content"]["blocks"]] == ["page_break", "heading"]
    assert saved["content"]["blocks"][1]["text"] == "Results"
    page.get_by_role("radio", name="Versions").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Version 3 · saved")).to_be_visible()
