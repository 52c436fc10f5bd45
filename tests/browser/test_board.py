"""The board as one person uses it: mouse, keyboard, finger."""

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.board_page import DESK, BoardPage, board, desk
from tests.browser.conftest import sign_in
from tests.runtime.product import Product

__all__ = ["board", "desk"]

pytestmark = pytest.mark.browser

BELOW_THE_CARDS = """field => {
  const cards = [...field.closest(".cell").querySelectorAll(".card")];
  return field.getBoundingClientRect().top - Math.max(...cards.map(card => card.getBoundingClientRect().bottom));
}"""


def test_a_card_dragged_with_the_mouse_is_there_after_a_reload_and_in_its_history(board: BoardPage) -> None:
    board.drag("Beta", board.column("Pending"))
    board.expect_titles("Pending", "Beta")
    board.expect_saved()
    board.page.reload()
    board.expect_titles("Pending", "Beta")
    board.expect_titles("To do", "Alpha", "Gamma")
    assert board.history("Beta")[0] == ("moved", "To do", "Pending")


def test_a_card_is_moved_with_the_keyboard_alone_and_keeps_the_focus(board: BoardPage) -> None:
    board.card("Alpha").focus()
    board.press("Space", "ArrowRight", "ArrowRight", "ArrowRight", "Space")
    expect(board.page.locator(".live")).to_have_text("Moved to Completed, position 1 of 1")
    board.expect_saved()
    expect(board.card("Alpha")).to_be_focused()
    board.page.reload()
    board.expect_titles("Completed", "Alpha")
    assert board.history("Alpha")[0] == ("moved", "To do", "Completed")


def test_escape_takes_a_picked_up_card_back(board: BoardPage) -> None:
    board.card("Gamma").focus()
    board.press("Enter", "ArrowRight", "ArrowUp", "Escape")
    board.expect_titles("To do", "Alpha", "Beta", "Gamma")
    assert len(board.history("Gamma")) == 1


def test_a_refused_move_goes_back_and_says_why(board: BoardPage) -> None:
    board.limit("Pending", 1)
    expect(board.column("Pending").locator(".count")).to_have_text("0 / 1")
    board.drag("Alpha", board.column("Pending"))
    board.expect_saved()
    expect(board.column("Pending")).to_contain_text("Full")
    board.drag("Beta", board.column("Pending"))
    board.expect_told("takes at most 1 card")
    board.expect_titles("Pending", "Alpha")
    board.expect_titles("To do", "Beta", "Gamma")


def test_a_new_card_that_is_refused_keeps_its_words(board: BoardPage) -> None:
    board.limit("Pending", 1)
    board.add("Delta", column=board.columns["Pending"])
    board.expect_titles("Pending", "Delta")
    board.column("Pending").get_by_role("button", name="Add a card to Pending").click()
    board.page.keyboard.type("Call the printers")
    board.press("Enter")
    board.expect_told("takes at most 1 card")
    expect(board.column("Pending").get_by_role("textbox")).to_have_value("Call the printers")
    board.expect_titles("Pending", "Delta")


def test_a_card_is_added_opened_changed_and_archived(board: BoardPage) -> None:
    board.card("Alpha").focus()
    board.press("ArrowDown", "n")
    board.page.keyboard.type("Delta")
    board.press("Enter")
    board.card("Delta").locator(".title").click()
    dialog = board.page.get_by_role("dialog")
    dialog.get_by_label("Title", exact=True).fill("Delta one")
    dialog.get_by_role("button", name="Save").click()
    board.expect_titles("To do", "Alpha", "Beta", "Gamma", "Delta one")
    board.card("Delta one").focus()
    board.press("m")
    board.page.get_by_role("menuitem", name="Archive").click()
    board.expect_titles("To do", "Alpha", "Beta", "Gamma")
    board.page.get_by_role("radio", name="Archived").or_(board.page.get_by_role("button", name="Archived")).click()
    expect(board.page.get_by_text("Delta one")).to_be_visible()


def touch_and_move(touch: CDPSession, x: float, y: float, down: float = 0) -> None:
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9 if down else 1):
        point = {"x": x, "y": y + down * step / 8}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_on_the_handle_drags_and_elsewhere_scrolls(
    board: BoardPage, app_server: Product, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    sign_in(page, app_server.url)
    phone = board.seen_by(page)
    phone.open()
    touch = context.new_cdp_session(page)
    phone.card("Alpha").scroll_into_view_if_needed()
    text = phone.card("Alpha").bounding_box()
    assert text
    touch_and_move(touch, text["x"] + 120, text["y"] + 20, -60)
    phone.expect_titles("To do", "Alpha", "Beta", "Gamma")
    handle = phone.card("Alpha").locator(".handle")
    handle.click(trial=True)  # once the page has come to rest
    grip, box = handle.bounding_box(), phone.column("To do").bounding_box()
    next_column = page.get_by_role("button", name="Go to In progress")
    there = next_column.bounding_box()
    assert grip
    assert box
    assert there
    touch_and_move(touch, grip["x"] + 8, grip["y"] + 8, 110)
    touch_and_move(touch, there["x"] + 12, there["y"] + 12)  # in the moment after a drag, too
    expect(next_column).to_have_attribute("aria-current", "true")
    phone.expect_titles("To do", "Beta", "Alpha", "Gamma")
    assert box["y"] < 320  # the rest of the screen is the board's
    context.close()


def test_a_card_added_to_a_short_list_of_a_lane_stands_above_its_field(board: BoardPage) -> None:
    board.api("PATCH", f"/boards/{board.id}", {"lanes": [{"name": "Customers"}]})
    lane = board.api("GET", f"/boards/{board.id}")["lanes"][0]["id"]
    board.add(*(f"Tall {number}" for number in range(15)), lane=lane)
    board.page.get_by_role("button", name="Add a card to Pending, Customers").click()
    field = board.page.get_by_role("textbox", name="Title of the new card in Pending, Customers")
    for title in ("Short", "Shorter"):
        field.fill(title)
        board.press("Enter")
    expect(board.card("Shorter").last).to_be_in_viewport()
    expect(field).to_be_focused()
    assert 0 < field.evaluate(BELOW_THE_CARDS) < 30


def test_a_viewer_reads_cards_and_finds_nothing_to_change(
    board: BoardPage, app_server: Product, chromium: Browser
) -> None:
    vera = (f"vera-{board.id[:8]}@example.com", "three unrelated words")
    board.api("POST", "/people", {"email": vera[0], "name": "Vera", "password": vera[1], "role": "viewer"})
    context = chromium.new_context(viewport=DESK)
    page = context.new_page()
    sign_in(page, app_server.url, vera)
    look = board.seen_by(page)
    look.open()
    expect(page.get_by_role("button", name="New card")).to_have_count(0)
    expect(page.locator(".add:visible, .menu:visible, .handle:visible, .tool:visible")).to_have_count(1)  # the keys
    look.drag("Alpha", look.column("Pending"))
    look.expect_titles("To do", "Alpha", "Beta", "Gamma")
    look.card("Beta").locator(".title").click()
    expect(page.get_by_role("tab", name="Read")).to_be_visible()
    expect(page.get_by_role("tab", name="Edit")).to_have_count(0)
    context.close()


def test_markup_in_a_title_stays_words(board: BoardPage) -> None:
    title = "<img src=x onerror=document.title='owned'> **b** :red[x] [a](javascript:alert(1))"
    board.add(title)
    expect(board.page.locator(".title").last).to_have_text(title)
    board.page.locator(".title").last.click()
    expect(board.page.get_by_role("dialog").get_by_role("heading", name=title)).to_be_visible()
    assert board.page.title() != "owned"


def test_all_of_a_long_column_is_there_and_only_what_is_near_in_the_page(board: BoardPage) -> None:
    board.add(*(f"Task {number}" for number in range(60)), column=board.columns["Pending"])
    expect(board.column("Pending").locator(".count")).to_have_text("60")
    assert board.column("Pending").locator(".card").count() < 40
    board.card("Alpha").focus()
    board.press("ArrowRight", "End")
    last = board.page.locator(".card", has_text="Task 59")
    expect(last.locator(".face")).to_be_focused()
    expect(last).to_be_in_viewport()
    assert [last.get_attribute(name) for name in ("aria-posinset", "aria-setsize")] == ["60", "60"]
    board.press("Space", "ArrowUp", "ArrowLeft", "Space")
    board.expect_saved()
    board.expect_titles("In progress", "Task 59")


def test_the_keys_are_told(board: BoardPage, desk: Page) -> None:
    board.card("Alpha").focus()
    board.press("?")
    expect(desk.get_by_role("dialog", name="Keys")).to_contain_text("Undo and redo")
    board.press("Escape")
    expect(board.card("Alpha")).to_be_focused()


def test_the_table_is_sorted_opened_and_changed_by_keys_alone(board: BoardPage) -> None:
    page, dialog = board.page, board.page.get_by_role("dialog")
    grid = page.get_by_test_id("data-grid-canvas")
    page.get_by_role("radio", name="Board", exact=True).focus()
    board.press("ArrowRight", "Space")
    grid.wait_for()
    before = grid.element_handle()
    board.tab_to(page.get_by_role("switch", name="Highest or latest first"))
    board.press("Space")
    before.wait_for_element_state("hidden")
    board.tab_to(grid.or_(page.get_by_role("gridcell")))
    board.press("ArrowDown", "ArrowDown", "Shift+Space")
    expect(page.get_by_role("button", name="Open #1")).to_be_enabled()
    board.tab_to(page.get_by_role("button", name="Open #1"))
    board.press("Enter")
    expect(page.get_by_role("dialog", name="#1 Alpha")).to_be_visible()
    board.press("Escape")
    expect(dialog).to_have_count(0)
    board.tab_to(page.get_by_role("button", name="Change 1 selected"))
    board.press("Enter")
    board.tab_to(dialog.get_by_role("combobox", name="Priority"))
    page.keyboard.type("Urgent")
    board.press("Enter")
    board.tab_to(dialog.get_by_role("button", name="Change 1 card"))
    board.press("Enter")
    expect(dialog).to_have_count(0)
    assert board.api("GET", f"/cards/{board.cards['Alpha']}")["priority"] == "urgent"
