"""Whatever a file holds: a clear refusal and nothing stored, or a board."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import AppError, Forbidden, Invalid
from app.tasks.exchange.imports import store_import
from app.tasks.exchange.trello import NotATrelloBoard
from app.tasks.tables import BoardRow
from tests.tasks.conftest import ann as ann
from tests.tasks.conftest import make_person
from tests.tasks.exchange.conftest import Import, found
from tests.tasks.exchange.trello_files import TrelloFile

Spoil = Callable[[dict[str, Any]], object]


def spoilt(spoil: Spoil) -> bytes:
    file = TrelloFile()
    for number in range(3):
        file.add_card(f"Card {number}")
    spoil(file.board)
    return json.dumps(file.board).encode()


def same_ids(board: dict[str, Any]) -> None:
    board["cards"][1]["id"] = board["cards"][0]["id"]


def deep(board: dict[str, Any]) -> None:
    board["actions"][0]["data"]["card"] = json.loads("[" * 90 + "]" * 90)


def in_a_circle(board: dict[str, Any]) -> None:
    ids = [card["id"] for card in board["cards"]]
    for card, other in zip(board["cards"], [*ids[1:], ids[0]], strict=True):
        card["autoreport"] = {"blocked_by": [other]}


def changed_from_nothing_to_nothing(board: dict[str, Any]) -> None:
    state = {"kind": "changed", "at": "2026-03-01T09:00:00Z", "person": "Ann", "title": "Card 0"}
    state |= {"priority": "low", "category": "highlight", "changes": {"labels": 5}}
    board["actions"][0]["data"]["autoreport"] = state


def one_card(board: dict[str, Any]) -> None:
    card = board["cards"][0]
    board.clear()
    board.update(card)


SPOILT: dict[str, tuple[Spoil, str]] = {
    "cards are no list": (lambda board: board.update(cards={"0": {}}), "array"),
    "a name is a number": (lambda board: board["cards"][0].update(name=7), r"“cards\[.+\]\.name”"),
    "two cards with one id": (same_ids, "cannot be told apart"),
    "half a character": (lambda board: board["cards"][0].update(name="\ud83d"), "no export of a Trello board"),
    "a zero byte": (lambda board: board["cards"][0].update(desc="a\0b"), "cannot be stored"),
    "nested deeply": (deep, "nested too deeply"),
    "cards that wait in a circle": (in_a_circle, "circle"),
    "no estimate": (lambda board: board["cards"][0].update(autoreport={"estimate": -1}), "estimate"),
    "a change without before and after": (changed_from_nothing_to_nothing, "changes.labels"),
    "no cards at all": (lambda board: board.pop("cards"), "cards"),
    "a card without its board": (one_card, "a single card"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_refused_and_leaves_nothing(db: Session, ann: Actor, imported: Import, name: str) -> None:
    spoil, said = SPOILT[name]
    with db.begin_nested(), pytest.raises(AppError, match=said):
        imported(ann, spoilt(spoil))
    assert db.scalar(sa.select(sa.func.count()).select_from(BoardRow)) == 0


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"{}", b'{"cards": [NaN]}', b"[" * 100_000, b'{"lists": 1e999, "cards": []}', b'{"a": "\xff"}'],
    ids=["half", "list", "nothing in it", "nan", "brackets", "too large a number", "no utf-8"],
)  # fmt: skip
def test_what_is_no_board_says_so(content: bytes) -> None:
    with pytest.raises(NotATrelloBoard):
        found(content)


@pytest.mark.parametrize("content", [b"", b"  \n", b"PK\x03\x04zip", b"%PDF-1.7", b"\x89PNG"], ids=repr)
def test_other_files_are_refused_by_their_bytes(content: bytes) -> None:
    with pytest.raises(Invalid, match=r"empty|neither"):
        found(content)


def test_odd_values_become_a_board_and_are_listed(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile("B" * 300)
    card = file.add_card("T" * 5_000, due="not a date", idLabels=["missing"], cover={"color": "red"}, desc="d" * 50_000)
    file.add_card("Nowhere", file.lists[0])["idList"] = "no such list"
    file.check(card, "", ("i" * 3_000, False))
    file.board["actions"].append({"id": "x", "type": "updateCard", "date": "yesterday", "data": {"card": 5}})
    file.board["newThing"] = {"a": 1}
    board = imported(ann, file.content())
    texts = " | ".join(note.text for note in found(file.content()).draft.notes)
    for part in (
        "Titles longer",
        "Dates that are none",
        "Labels that are not",
        "Covers",
        "newThing",
        "whose list",
        "date",
    ):
        assert part in texts
    assert db.scalars(sa.select(BoardRow.name)).one() == "B" * 79 + "…"
    assert board


def test_the_same_file_twice_is_asked_about(db: Session, ann: Actor, imported: Import) -> None:
    content = spoilt(lambda _: None)
    imported(ann, content)
    with pytest.raises(AppError, match="already the board “Website”"):
        imported(ann, content)
    assert imported(ann, content, again=True)


def test_a_viewer_cannot_import(db: Session) -> None:
    with pytest.raises(Forbidden):
        store_import(make_person(db, "Vera", Role.viewer), "x.json", [b"{}"])


def test_a_file_of_a_thousand_kinds_of_things_is_read_in_no_time() -> None:
    file = TrelloFile()
    file.board |= {f"power-up {number}": number + 1 for number in range(30_000)}
    notes = found(file.content()).draft.notes
    assert len(notes) < 400
    assert sum(note.count for note in notes if note.what == "left") >= 30_000
