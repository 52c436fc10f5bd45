"""The board with lanes, with many cards chosen, with others at work, and with a server that is away."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.board_page import DESK, BoardPage, board, desk

__all__ = ["board", "desk"]

pytestmark = pytest.mark.browser
CHANGES, MOVE = "**/changes?*", "**/move"
IN_PROGRESS = "In progress"


@pytest.fixture
def other(board: BoardPage, desk: Page, chromium: Browser) -> Iterator[BoardPage]:
    """The same board in another browser."""
    context = chromium.new_context(viewport=DESK, storage_state=desk.context.storage_state())
    seen = board.seen_by(context.new_page())
    seen.open()
    yield seen
    context.close()


def test_two_browsers_at_work_on_one_board_end_equal(board: BoardPage, other: BoardPage) -> None:
    board.drag("Gamma", board.column(IN_PROGRESS))
    other.drag("Alpha", other.column("Pending"))
    other.expect_titles(IN_PROGRESS, "Gamma")
    other.drag("Gamma", other.column("Pending"))
    board.expect_titles("Pending", "Gamma", "Alpha")
    board.drag("Beta", board.column("Pending"))
    for seen in (board, other):
        seen.expect_saved()
        seen.expect_titles("Pending", "Beta", "Gamma", "Alpha")
        seen.expect_titles("To do")


def test_a_stale_move_is_refused_with_a_message_and_nothing_is_lost(board: BoardPage, other: BoardPage) -> None:
    board.page.route(CHANGES, lambda route: route.abort())
    other.drag("Alpha", other.column("Pending"))
    other.expect_saved()
    board.drag("Alpha", board.column(IN_PROGRESS))
    board.expect_told("changed")
    board.expect_titles(IN_PROGRESS)
    board.page.unroute(CHANGES)
    for seen in (board, other):
        seen.expect_titles("Pending", "Alpha")
        seen.expect_titles("To do", "Beta", "Gamma")
    assert [kind for kind, *_ in board.history("Alpha")] == ["moved", "created"]


def test_what_is_removed_while_it_is_carried_is_let_go(board: BoardPage) -> None:
    """First the column under the pointer, then the card that the keyboard holds."""
    columns = [{"id": id_, "name": name, "is_done": name == "Completed"} for name, id_ in board.columns.items()]
    handle, pending = board.card("Alpha").bounding_box(), board.column("Pending").bounding_box()
    assert handle
    assert pending
    board.page.mouse.move(handle["x"] + 60, handle["y"] + 12)
    board.page.mouse.down()
    board.page.mouse.move(pending["x"] + 60, pending["y"] + 70, steps=8)
    board.expect_titles("Pending", "Alpha")
    board.api("PATCH", f"/boards/{board.id}", {"columns": [one for one in columns if one["name"] != "Pending"]})
    board.expect_told("taken back")
    board.page.mouse.up()
    board.expect_titles("To do", "Alpha", "Beta", "Gamma")
    board.page.get_by_role("button", name="Dismiss").click()
    board.card("Beta").focus()
    board.press("Space", "ArrowRight")
    board.expect_titles(IN_PROGRESS, "Beta")
    board.api("POST", f"/cards/{board.cards['Beta']}/archive")
    board.expect_told("taken back")
    board.expect_titles("To do", "Alpha", "Gamma")
    board.expect_titles(IN_PROGRESS)
    expect(board.card("Alpha")).to_be_focused()


def test_a_change_is_kept_while_the_server_is_away_and_done_once(board: BoardPage) -> None:
    """The first attempt arrives, and only its answer is lost."""
    lost: list[int] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)
        route.abort()

    board.page.route(MOVE, lose)
    board.drag("Beta", board.column("Pending"))
    expect(board.page.locator(".away")).to_contain_text("1 change of yours is kept here")
    board.expect_titles("Pending", "Beta")
    board.page.unroute(MOVE)
    board.page.get_by_role("button", name="Try now").click()
    board.expect_saved()
    expect(board.page.locator(".away")).to_be_hidden()
    board.expect_titles("Pending", "Beta")
    assert (lost, len(board.history("Beta"))) == ([200], 2)


def test_a_tab_of_a_session_that_is_over_goes_to_the_sign_in_page(board: BoardPage, other: BoardPage) -> None:
    other.page.context.clear_cookies()
    other.page.wait_for_url("**/auth/login?next=*")
    assert board.id in other.page.url


def test_a_card_is_carried_from_lane_to_lane_and_a_lane_stays_folded(board: BoardPage) -> None:
    lanes = [{"name": "North"}, {"name": "South"}]
    board.api("PATCH", f"/boards/{board.id}", {"lanes": lanes})
    row = {name: board.page.locator(".lane", has_text=name) for name in ("North", "South", "No lane")}
    expect(row["No lane"].locator(".title")).to_have_text(["Alpha", "Beta", "Gamma"])
    board.drag("Alpha", row["North"].locator(".cell").nth(1))
    expect(row["North"].locator(".title")).to_have_text(["Alpha"])
    board.card("Beta").focus()
    board.press("Space", "ArrowUp", "ArrowRight", "Space")
    expect(board.page.locator(".live")).to_have_text("Moved to In progress, South, position 1 of 1")
    board.expect_saved()
    row["South"].get_by_role("button", expanded=True).click()
    board.open(faces=2)
    expect(row["South"].get_by_role("button", expanded=False)).to_contain_text("1")
    expect(row["North"].locator(".title")).to_have_text(["Alpha"])


def test_chosen_cards_move_together_and_are_taken_back_together(board: BoardPage) -> None:
    board.card("Alpha").focus()
    board.press("x", "Shift+ArrowDown")
    bar = board.page.get_by_role("toolbar", name="Chosen cards")
    expect(bar).to_contain_text("2 cards chosen")
    bar.get_by_role("button", name="Move to").click()
    board.page.get_by_role("menuitem", name="Pending").click()
    board.expect_titles("Pending", "Alpha", "Beta")
    board.expect_saved()
    bar.get_by_role("button", name="Let go").click()
    expect(bar).to_be_hidden()
    board.page.get_by_role("button", name="Undo").click()
    expect(board.page.locator(".hint")).to_contain_text("Undone")
    board.expect_titles("To do", "Alpha", "Beta", "Gamma")
    board.press("Control+Shift+Z")
    board.expect_titles("Pending", "Alpha", "Beta")


def test_chosen_cards_are_dragged_together_to_one_place(board: BoardPage) -> None:
    board.card("Alpha").click(modifiers=["Control"])
    board.card("Gamma").click(modifiers=["Control"])
    board.drag("Gamma", board.column("Pending"))
    board.expect_titles("Pending", "Alpha", "Gamma")
    board.expect_saved()
    board.expect_titles("To do", "Beta")


def test_a_filter_shows_what_it_finds_and_says_what_it_does_not_understand(board: BoardPage) -> None:
    board.add("Delta", priority="urgent")
    box = board.page.get_by_label("Search cards")
    box.fill("priority:urgent")
    board.expect_titles("To do", "Delta")
    expect(board.column("To do").locator(".count")).to_have_text("1 of 4")
    box.fill("priority:(")
    refused = board.page.get_by_text("stands where a value should be")
    expect(refused).to_be_visible()
    board.expect_titles("To do", "Delta")
    box.fill("")
    board.expect_titles("To do", "Alpha", "Beta", "Gamma", "Delta")
    expect(refused).to_be_hidden()
