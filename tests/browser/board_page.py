"""A board of one's own with three cards, and the page that shows it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import sign_in
from tests.runtime.product import Product

FETCH = """async ([method, path, body]) => {
  const answer = await fetch('/api/v1' + path, {
    method, headers: {'Content-Type': 'application/json'}, body: body && JSON.stringify(body),
  });
  return answer.status === 204 ? null : await answer.json();
}"""
MANY = """async ([path, bodies]) => {
  const made = [];
  for (const body of bodies) {
    const options = { method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body) };
    made.push(await (await fetch('/api/v1' + path, options)).json());
  }
  return made;
}"""
DESK: Any = {"width": 1280, "height": 900}


@dataclass
class BoardPage:
    page: Page
    url: str
    id: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.page.evaluate(FETCH, [method, path, body])

    def make(self, **change: Any) -> None:
        self.id = self.api("POST", "/boards", {"name": f"Board {uuid.uuid4().hex[:6]}"})["id"]
        if change:
            self.api("PATCH", f"/boards/{self.id}", change)
        columns = self.api("GET", f"/boards/{self.id}")["columns"]
        self.columns = {column["name"]: column["id"] for column in columns}

    def add(self, *titles: str, **fields: Any) -> None:
        bodies = [{"title": title, **fields} for title in titles]
        made = self.page.evaluate(MANY, [f"/boards/{self.id}/cards", bodies])
        self.cards |= {card["title"]: card["id"] for card in made}

    def limit(self, name: str, cards: int, **more: Any) -> None:
        limits = {name: {"wip_limit": cards, **more}}
        columns = [
            {"id": id_, "name": column, "is_done": column == "Completed", **limits.get(column, {})}
            for column, id_ in self.columns.items()
        ]
        self.api("PATCH", f"/boards/{self.id}", {"columns": columns})

    def open(self, faces: int = 3) -> None:
        self.page.goto(f"{self.url}/board?board={self.id}")
        expect(self.page.locator(".face")).to_have_count(faces)

    def seen_by(self, page: Page) -> "BoardPage":
        return BoardPage(page, self.url, self.id, self.columns, self.cards)

    def card(self, title: str) -> Locator:
        return self.page.locator(".face", has_text=title)

    def column(self, name: str) -> Locator:
        return self.page.locator(".column", has=self.page.get_by_role("heading", name=name, exact=True))

    def expect_titles(self, name: str, *titles: str) -> None:
        expect(self.column(name).locator(".title")).to_have_text(list(titles))

    def expect_saved(self) -> None:
        expect(self.page.locator(".pending")).to_have_count(0)

    def expect_told(self, words: str) -> None:
        expect(self.page.locator(".notice").filter(has_text=words)).to_be_visible()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, wanted: Locator) -> None:
        expect(wanted.first).to_be_visible()
        for _ in range(60):
            if wanted.and_(self.page.locator(":focus")).count():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {wanted}")

    def drag(self, title: str, to: Locator) -> None:
        card, place = self.card(title).bounding_box(), to.bounding_box()
        assert card
        assert place
        self.page.mouse.move(card["x"] + 60, card["y"] + 12)
        self.page.mouse.down()
        self.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + min(70, place["height"] / 2), steps=8)
        self.page.mouse.up()

    def history(self, title: str) -> list[tuple[str, str | None, str | None]]:
        events = self.api("GET", f"/cards/{self.cards[title]}/history")["items"]
        return [(event["kind"], event["from_column"], event["to_column"]) for event in events]


@pytest.fixture(scope="module")
def desk(app_server: Product, chromium: Browser) -> Iterator[Page]:
    """Signed in once for all tests of a module."""
    context = chromium.new_context(viewport=DESK, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    sign_in(page, app_server.url)
    yield page
    context.close()


@pytest.fixture
def board(app_server: Product, desk: Page) -> Iterator[BoardPage]:
    errors: list[str] = []
    desk.on("pageerror", lambda error: errors.append(str(error)))
    desk.on("response", lambda answer: answer.status == 404 and errors.append(f"404 {answer.url}"))
    board = BoardPage(desk, app_server.url)
    board.make()
    board.add("Alpha", "Beta", "Gamma")
    board.open()
    yield board
    assert errors == []
