"""The board as people use it: mouse, keyboard, finger, and two of them at once."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Product, sign_in

pytestmark = pytest.mark.browser

FETCH = """async ([method, path, body]) => {
  const answer = await fetch('/api/v1' + path, {
    method, headers: {'Content-Type': 'application/json'}, body: body && JSON.stringify(body),
  });
  return answer.status === 204 ? null : await answer.json();
}"""


@dataclass
class BoardPage:
    """A board with three cards, and the page that shows it."""

    page: Page
    url: str
    id: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.page.evaluate(FETCH, [method, path, body])

    def fill(self) -> None:
        self.id = self.api("POST", "/boards", {"name": f"Board {uuid.uuid4().hex[:6]}"})["id"]
        columns = self.api("GET", f"/boards/{self.id}")["columns"]
        self.columns = {column["name"]: column["id"] for column in columns}
        for title in ("Alpha", "Beta", "Gamma"):
            card = self.api("POST", f"/boards/{self.id}/cards", {"title": title})
            self.cards[title] = card["id"]

    def open(self, page: Page | None = None) -> None:
        (page or self.page).goto(f"{self.url}/board?board={self.id}")
        expect((page or self.page).locator(".face")).to_have_count(3)

    def card(self, title: str) -> Locator:
        return self.page.locator(".face", has_text=title)

    def column(self, name: str) -> Locator:
        return self.page.locator(".column", has=self.page.get_by_role("heading", name=name, exact=True))

    def expect_titles(self, name: str, *titles: str) -> None:
        expect(self.column(name).locator(".title")).to_have_text(list(titles))

    def expect_saved(self) -> None:
        expect(self.page.locator(".pending")).to_have_count(0)

    def drag(self, title: str, to: str) -> None:
        card, column = self.card(title).bounding_box(), self.column(to).bounding_box()
        assert card
        assert column
        self.page.mouse.move(card["x"] + 60, card["y"] + 12)
        self.page.mouse.down()
        self.page.mouse.move(column["x"] + column["width"] / 2, column["y"] + 70, steps=8)
        self.page.mouse.up()

    def history(self, title: str) -> list[tuple[str, str | None, str | None]]:
        events = self.api("GET", f"/cards/{self.cards[title]}/history")["items"]
        return [(event["kind"], event["from_column"], event["to_column"]) for event in events]


@pytest.fixture
def board(app_server: Product, admin_page: Page) -> Iterator[BoardPage]:
    errors: list[str] = []
    admin_page.on("pageerror", lambda error: errors.append(str(error)))
    board = BoardPage(admin_page, app_server.url)
    board.fill()
    board.open()
    yield board
    assert errors == []


def test_a_card_dragged_with_the_mouse_is_there_after_a_reload_and_in_its_history(board: BoardPage) -> None:
    board.drag("Beta", "Pending")
    board.expect_titles("Pending", "Beta")
    board.expect_saved()
    board.page.reload()
    board.expect_titles("Pending", "Beta")
    board.expect_titles("To do", "Alpha", "Gamma")
    assert board.history("Beta")[0] == ("moved", "To do", "Pending")
    board.card("Beta").locator(".title").click()
    dialog = board.page.get_by_role("dialog")
    dialog.get_by_role("tab", name="History").click()
    expect(dialog).to_contain_text("moved it from “To do” to “Pending”")


def test_a_card_is_moved_with_the_keyboard_alone_and_keeps_the_focus(board: BoardPage) -> None:
    board.card("Alpha").focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "ArrowRight", "Space"):
        board.page.keyboard.press(key)
    expect(board.page.locator(".live")).to_have_text("Moved to Completed, position 1 of 1")
    board.expect_saved()
    expect(board.card("Alpha")).to_be_focused()
    board.page.reload()
    board.expect_titles("Completed", "Alpha")
    assert board.history("Alpha")[0] == ("moved", "To do", "Completed")


def test_escape_takes_a_picked_up_card_back(board: BoardPage) -> None:
    board.card("Gamma").focus()
    for key in ("Enter", "ArrowRight", "ArrowUp", "Escape"):
        board.page.keyboard.press(key)
    board.expect_titles("To do", "Alpha", "Beta", "Gamma")
    assert len(board.history("Gamma")) == 1


def test_a_refused_move_goes_back_and_says_why(board: BoardPage) -> None:
    columns = [
        {"id": id_, "name": name, "is_done": name == "Completed", "wip_limit": 1 if name == "Pending" else None}
        for name, id_ in board.columns.items()
    ]
    board.api("PATCH", f"/boards/{board.id}", {"columns": columns})
    board.page.reload()
    board.drag("Alpha", "Pending")
    board.expect_saved()
    expect(board.column("Pending")).to_contain_text("Full")
    board.drag("Beta", "Pending")
    expect(board.page.get_by_role("alert").filter(has_text="takes at most 1 card")).to_be_visible()
    board.expect_titles("Pending", "Alpha")
    board.expect_titles("To do", "Beta", "Gamma")


def test_what_one_person_moves_another_sees_without_a_reload(
    board: BoardPage, app_server: Product, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    other = context.new_page()
    sign_in(other, app_server.url)
    board.open(other)
    board.drag("Gamma", "In progress")
    in_progress = other.locator(".column", has=other.get_by_role("heading", name="In progress", exact=True))
    expect(in_progress.locator(".title")).to_have_text(["Gamma"], timeout=15_000)
    context.close()


def test_a_card_is_added_opened_changed_and_archived(board: BoardPage) -> None:
    board.column("Pending").get_by_role("button", name="Add a card to Pending").click()
    board.page.keyboard.type("Delta")
    board.page.keyboard.press("Enter")
    board.expect_titles("Pending", "Delta")
    board.card("Delta").locator(".title").click()
    dialog = board.page.get_by_role("dialog")
    dialog.get_by_label("Title", exact=True).fill("Delta one")
    dialog.get_by_role("button", name="Save").click()
    board.expect_titles("Pending", "Delta one")
    board.card("Delta one").locator(".title").click()
    dialog.get_by_role("button", name="Archive").click()
    board.expect_titles("Pending")
    board.page.get_by_role("radio", name="Archived").or_(board.page.get_by_role("button", name="Archived")).click()
    expect(board.page.get_by_text("Delta one")).to_be_visible()


def test_a_finger_on_the_handle_drags_and_elsewhere_scrolls(
    board: BoardPage, app_server: Product, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    sign_in(page, app_server.url)
    phone = BoardPage(page, app_server.url, board.id)
    phone.open()
    touch = context.new_cdp_session(page)

    def swipe(start: dict[str, float], dx: float, dy: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
        for step in range(1, 9):
            point = {"x": start["x"] + dx * step / 8, "y": start["y"] + dy * step / 8}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    text, grip = phone.card("Alpha").bounding_box(), phone.card("Alpha").locator(".handle").bounding_box()
    assert text
    assert grip
    swipe({"x": text["x"] + 120, "y": text["y"] + 20}, 0, 150)
    phone.expect_titles("To do", "Alpha", "Beta", "Gamma")
    grip = phone.card("Alpha").locator(".handle").bounding_box()
    assert grip
    swipe({"x": grip["x"] + 8, "y": grip["y"] + 8}, 0, 120)
    phone.expect_titles("To do", "Beta", "Alpha", "Gamma")
    context.close()


def test_a_viewer_reads_cards_and_finds_nothing_to_change(
    board: BoardPage, app_server: Product, chromium: Browser
) -> None:
    vera = (f"vera-{board.id[:8]}@example.com", "three unrelated words")
    board.api("POST", "/people", {"email": vera[0], "name": "Vera", "password": vera[1], "role": "viewer"})
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, app_server.url, vera)
    look = BoardPage(page, app_server.url, board.id)
    look.open()
    expect(page.get_by_role("button", name="New card")).to_have_count(0)
    expect(page.locator(".add:visible, .menu:visible, .handle:visible")).to_have_count(0)
    look.drag("Alpha", "Pending")
    look.expect_titles("To do", "Alpha", "Beta", "Gamma")
    look.card("Beta").locator(".title").click()
    expect(page.get_by_role("tab")).to_have_text(["Read", "History (1)"])
    context.close()


def test_markup_in_a_title_stays_words(board: BoardPage) -> None:
    title = "<img src=x onerror=document.title='owned'> **b** :red[x] [a](javascript:alert(1))"
    board.api("POST", f"/boards/{board.id}/cards", {"title": title})
    expect(board.page.locator(".title").last).to_have_text(title)
    board.page.locator(".title").last.click()
    expect(board.page.get_by_role("dialog").get_by_role("heading", name=title)).to_be_visible()
    assert board.page.title() != "owned"
