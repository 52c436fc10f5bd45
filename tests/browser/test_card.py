"""The dialog of a card as people use it: every section once, and nothing that was typed is lost on the way."""

import contextlib
import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.board_page import FETCH
from tests.runtime.product import Product

pytestmark = pytest.mark.browser

NAME = "#2 Pour the slab"
# What the page shows before the server can have answered.
PRESS_O = """face => {
  face.dispatchEvent(new KeyboardEvent("keydown", { key: "o", bubbles: true, composed: true }));
  return [face.getAttribute("aria-busy"), face.getRootNode().querySelector(".opening-title").textContent];
}"""
CLOSE_AND_GO_ON = """([closing, next]) => {
  closing.click();
  setTimeout(() => next.click(), 5);
}"""
HOSTILE = "Look **here** <img src=x onerror=window.owned=1> [x](javascript:window.owned=1)"


def api(page: Page, method: str, path: str, body: Any = None) -> Any:
    return page.evaluate(FETCH, [method, path, body])


def tab(dialog: Locator, name: str) -> None:
    dialog.get_by_role("tab", name=name, exact=True).click()


def saved(page: Page, words: str) -> None:
    expect(page.get_by_test_id("stToast").filter(has_text=words).first).to_be_visible()


@pytest.fixture
def card(app_server: Product, admin_page: Page) -> tuple[str, str]:
    """Board and card, opened by their address; another card was there before."""
    board = api(admin_page, "POST", "/boards", {"name": f"Site {uuid.uuid4().hex[:6]}"})["id"]
    api(admin_page, "POST", f"/boards/{board}/cards", {"title": "Order the crane"})
    card = api(admin_page, "POST", f"/boards/{board}/cards", {"title": "Pour the slab"})["id"]
    admin_page.goto(f"{app_server.url}/board?board={board}&card={card}")
    return board, card


def test_what_is_written_in_one_section_stays_while_others_are_used(card: tuple[str, str], admin_page: Page) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    dialog.get_by_role("textbox", name="Description", exact=True).fill("Not saved yet")
    tab(dialog, "Checklist")
    dialog.get_by_role("textbox", name="New step", exact=True).fill("Formwork")
    dialog.get_by_role("button", name="Add step").click()
    saved(page, "Added.")
    expect(dialog.get_by_role("textbox", name="New step", exact=True)).to_have_value("")
    dialog.get_by_text("Formwork", exact=True).click()
    expect(dialog).to_contain_text("1 of 1 done")
    tab(dialog, "Waits for")
    dialog.get_by_role("button", name="Add blocker").click()
    expect(dialog.get_by_role("button", name="Remove")).to_be_visible()
    tab(dialog, "Edit")
    expect(dialog.get_by_role("textbox", name="Description", exact=True)).to_have_value("Not saved yet")
    dialog.get_by_role("button", name="Save", exact=True).click()
    saved(page, "Saved.")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("card="))
    face = page.locator(".face", has_text="Pour the slab")
    expect(face).to_contain_text("Blocked by #1")
    expect(face).to_contain_text("1/1")
    assert api(page, "GET", f"/cards/{card[1]}")["description"] == "Not saved yet"


def test_comments_notes_and_files_are_kept_and_nothing_in_them_runs(card: tuple[str, str], admin_page: Page) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    tab(dialog, "Comments")
    dialog.get_by_role("textbox", name="New comment", exact=True).fill(HOSTILE)
    dialog.get_by_role("button", name="Comment", exact=True).click()
    saved(page, "Comment written.")
    expect(dialog.locator(".written strong")).to_have_text("here")
    expect(dialog.locator(".written img, .written a[href^=javascript]")).to_have_count(0)
    tab(dialog, "Notes")
    dialog.get_by_text("New note").click()
    dialog.get_by_role("textbox", name="Issue", exact=True).fill("No pump")
    dialog.get_by_role("button", name="Add note").click()
    expect(dialog.locator(".written", has_text="No pump")).to_be_visible()
    tab(dialog, "Files")
    content = b"<script>window.owned=1</script>"
    dialog.locator("input[type=file]").set_input_files(
        {"name": "plan.html", "mimeType": "text/html", "buffer": content}
    )
    dialog.get_by_role("button", name="Attach").click()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "plan.html"
    assert page.evaluate("window.owned") is None
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(dialog).to_contain_text("No files yet.")
    dialog.get_by_role("button", name="Close", exact=True).click()
    expect(page).not_to_have_url(re.compile("card="))


def test_the_keys_work_on_after_something_was_deleted_and_the_card_closed(
    card: tuple[str, str], admin_page: Page
) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    api(page, "POST", f"/cards/{card[1]}/comments", {"text": "Wrong card"})
    dialog.get_by_role("button", name="Close", exact=True).click()
    face = page.locator(".face", has_text="Pour the slab")
    face.focus()
    assert face.evaluate(PRESS_O) == ["true", NAME]
    tab(dialog, "Comments")
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(dialog).to_contain_text("Nobody has said anything yet.")
    expect(dialog.get_by_role("tab", name="Comments")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(face).to_be_focused()


def test_what_was_typed_stays_when_somebody_archives_and_deletes_the_card(
    card: tuple[str, str], admin_page: Page
) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    description = dialog.get_by_role("textbox", name="Description", exact=True)
    description.fill("An hour of work")
    for method, path, refusal in (
        ("POST", f"/cards/{card[1]}/archive", "Bring it back first"),
        ("DELETE", f"/cards/{card[1]}", "There is no such card"),
    ):
        api(page, method, path)
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(dialog.get_by_role("alert").filter(has_text=refusal)).to_be_visible()
        expect(description).to_have_value("An hour of work")
    tab(dialog, "Read")
    tab(dialog, "Edit")
    expect(description).to_have_value("An hour of work")


def test_a_card_opens_from_the_activity_in_the_same_tab_and_gives_the_focus_back(
    card: tuple[str, str], admin_page: Page
) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    dialog.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("radio", name="Activity").click()
    link = page.get_by_role("link", name=NAME)
    link.click()
    tab(dialog, "History")
    expect(dialog).to_contain_text("made the card")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()
    assert len(page.context.pages) == 1


def test_escape_closes_a_card_also_with_the_focus_nowhere(card: tuple[str, str], admin_page: Page) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    tab(dialog, "History")
    expect(dialog).to_contain_text("made the card")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("card="))


def test_a_closed_card_stays_closed_for_who_goes_on_before_the_address_has_changed(
    card: tuple[str, str], admin_page: Page
) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    expect(dialog.get_by_role("tab", name="History")).to_be_visible()
    close = dialog.get_by_role("button", name="Close", exact=True).element_handle()
    next_view = page.get_by_role("radio", name="Activity", include_hidden=True).element_handle()
    page.evaluate(CLOSE_AND_GO_ON, [close, next_view])
    expect(page.get_by_role("link", name=NAME)).to_be_visible()
    expect(page).not_to_have_url(re.compile("card="))
    expect(dialog).to_have_count(0)


def test_who_goes_back_to_a_card_right_after_closing_it_has_it_open(card: tuple[str, str], admin_page: Page) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    expect(dialog.get_by_role("tab", name="History")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("card="))
    page.evaluate("history.back()")
    expect(dialog).to_be_visible()
    expect(page).to_have_url(re.compile(f"card={card[1]}"))


def test_a_card_opened_by_a_click_in_the_table_gives_the_focus_to_the_table(
    card: tuple[str, str], admin_page: Page
) -> None:
    page, dialog = admin_page, admin_page.get_by_role("dialog", name=NAME)
    expect(dialog.get_by_role("tab", name="History")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("radio", name="Table").click()
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("[role=row]", has_text="Pour the slab")).to_be_attached()
    for _ in range(5):  # a click before it is drawn is lost
        table.click(position={"x": 75, "y": 2 * 35 + 17})
        with contextlib.suppress(AssertionError):
            expect(dialog).to_be_visible(timeout=20_000)
            break
    dialog.get_by_role("button", name="Close", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(table.locator(":focus")).to_have_count(1)
