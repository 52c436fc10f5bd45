"""Rules and recurring cards as people make them, and what the board shows of their work."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.board_page import BoardPage, board, desk
from tests.browser.screens import settled

__all__ = ["board", "desk"]

pytestmark = pytest.mark.browser


def open_part(board: BoardPage, name: str) -> Locator:
    board.page.get_by_role("button", name="More").last.click()
    board.page.get_by_text("Automations", exact=True).click()
    dialog = board.page.get_by_role("dialog")
    dialog.get_by_role("radio", name=name, exact=True).click()
    settled(board.page)
    return dialog


def choose(dialog: Locator, label: str, option: str) -> None:
    dialog.get_by_role("combobox", name=label).click()
    dialog.page.get_by_role("option", name=option, exact=True).click()
    settled(dialog.page)


def test_a_rule_is_written_tried_works_and_is_switched_off_and_deleted(board: BoardPage) -> None:
    dialog = open_part(board, "Rules")
    dialog.get_by_role("button", name="New rule").click()
    dialog.get_by_label("Name", exact=True).fill("Urgent when done")
    dialog.get_by_label("The card fits this filter", exact=True).fill("Beta")
    board.page.keyboard.press("Tab")
    expect(dialog.get_by_text("“Beta” in the title or description")).to_be_visible()
    choose(dialog, "Action 1", "Set its priority to")
    choose(dialog, "Priority", "Urgent")
    expect(dialog.get_by_text("When a card is completed and Beta, then set its priority to urgent.")).to_be_visible()
    dialog.get_by_role("button", name="Try it").click()
    expect(dialog.get_by_text("1 card fits it now")).to_be_visible()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_text("Urgent when done", exact=True)).to_be_visible()
    board.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    for title in ("Alpha", "Beta"):
        board.card(title).focus()
        board.press("Space", "ArrowRight", "ArrowRight", "ArrowRight", "Space")
        board.expect_saved()
    expect(board.card("Beta")).to_contain_text("Urgent")
    expect(board.card("Alpha")).not_to_contain_text("Urgent")
    dialog = open_part(board, "Rules")
    dialog.get_by_text("On", exact=True).click()
    expect(board.page.get_by_text("Switched off.")).to_be_visible()
    assert [rule["enabled"] for rule in board.api("GET", f"/boards/{board.id}/rules")["items"]] == [False]
    dialog.get_by_role("button", name="Delete").click()
    board.page.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_text("No rules yet")).to_be_visible()


def test_the_archive_shows_what_it_would_take_before_it_is_switched_on(board: BoardPage) -> None:
    dialog = open_part(board, "Built in")
    dialog.get_by_text("Automatic archive (days)").click()
    expect(dialog.get_by_text("No card was completed more than 90 days ago.")).to_be_visible()
    board.api("PATCH", f"/boards/{board.id}", {"options": {"stale_days": 7}})  # somebody else, meanwhile
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(board.page.get_by_text("Saved.")).to_be_visible()
    options = board.api("GET", f"/boards/{board.id}")["options"]
    assert (options["archive_after_days"], options["stale_days"]) == (90, 7)
    assert board.api("GET", f"/boards/{board.id}/auto-archive")["count"] == 0


def test_a_template_is_made_of_a_card_and_used(board: BoardPage) -> None:
    dialog = open_part(board, "Templates")
    dialog.get_by_role("button", name="From a card").click()
    choose(dialog, "Card", "#2 Beta")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_role("button", name="From a card")).to_be_visible()
    board.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    board.page.get_by_role("button", name="More").last.click()
    board.page.get_by_text("New card from a template", exact=True).click()
    board.page.get_by_role("dialog").get_by_label("Title", exact=True).fill("Delta")
    board.page.get_by_role("dialog").get_by_role("button", name="Add card").click()
    board.expect_titles("To do", "Alpha", "Beta", "Gamma", "Delta")
