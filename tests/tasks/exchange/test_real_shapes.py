"""Exports of every age of Trello: each thing in them is taken over, or named with the reason."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.exchange.draft import Draft
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import Import, found
from tests.tasks.exchange.real_shapes import of_2013, of_2020, of_2026
from tests.tasks.exchange.trello_files import TrelloFile


def said(draft: Draft, what: str) -> str:
    return " | ".join(note.text for note in draft.notes if note.what == what)


def test_labels_of_2013_are_known_by_colour_and_name() -> None:
    draft = found(of_2013()).draft
    assert {(label.name, label.color) for label in draft.labels} == {
        ("Soil", "green"),
        ("Water", "yellow"),
        ("Never used", "red"),
    }
    names = {label.key: label.name for label in draft.labels}
    assert [[names[key] for key in card.labels] for card in draft.cards] == [["Soil", "Water"], ["Soil"]]
    assert [person.name for person in draft.people] == ["Olga", "Per"]  # Per is only whom something was done to
    assert draft.cards[0].events[-1].changes == {"description": ["", "…"]}


def test_fields_of_every_type_are_on_the_card_and_the_orphan_is_named() -> None:
    draft = found(of_2020()).draft
    card = draft.cards[0]
    for line in ("Begin: 2020-07-08 18:50:24", "Ticket: b/7", "Paid: yes", "Size: 2.5", "Stage: Two"):
        assert line in card.extras
    assert [(item.heading, item.text) for item in card.checklist] == [("Ready", "First"), ("Ready", "Second")]
    assert draft.columns[0].wip_limit == 3
    left = said(draft, "left")
    assert "Checklists of cards that are not in the file" in left
    assert "templates" in left
    assert "Covers" not in left  # a cover without picture and colour is none


def test_a_board_of_2026_tells_no_more_than_it_says() -> None:
    draft = found(of_2026()).draft
    [run] = draft.cards
    arrived = datetime(2026, 1, 4, 12, tzinfo=UTC)
    assert [(event.kind, event.at) for event in run.events] == [("created", arrived)]  # with its list, not by its id
    assert "Due date marked as complete on 2026-01-20" in run.extras
    assert [column.is_done for column in draft.columns] == [False, True]
    assert [label.name for label in draft.labels] == ["Orange light", "Plain"]
    left = said(draft, "left")
    for part in ("Mirrors", "twice: 1", "“pos” of cards: 1", "“dueComplete” of cards: 1", "Labels without a name"):
        assert part in left
    assert "Covers" not in left
    assert "agent" not in left
    assert "Actions “updateCard”" not in said(draft, "taken")  # none of them has a history here
    assert "no name in the file" in said(draft, "changed") + said(draft, "kept")
    assert "https://trello.com/c/hKO8DKUN" in next(n.examples[0] for n in draft.notes if "Mirrors" in n.text)


def test_places_may_be_words_or_the_same() -> None:
    file = TrelloFile()
    for place, title in ((1, "a"), ("top", "b"), ("bottom", "c"), ("2.5", "d"), (None, "e"), ("?", "f"), (1, "g")):
        file.add_card(title)["pos"] = place
    assert "".join(card.title for card in found(file.content()).draft.cards) == "befagdc"


def test_what_is_there_once_more_word_for_word_is_taken_once_and_named() -> None:
    file = TrelloFile()
    card = file.add_card("Work")
    file.check(card, "Steps", ("Dig", True))
    for kind in ("lists", "cards", "checklists"):
        file.board[kind].append(dict(file.board[kind][0]))
    draft = found(file.content()).draft
    assert [len(one.checklist) for one in draft.cards] == [1]
    named = said(draft, "left")
    assert all(f"{kind} that are in the file once more" in named for kind in ("Lists", "Cards", "Checklists"))


def crowded(lists: int) -> TrelloFile:
    file = TrelloFile()
    more = [file.add_list(f"List {number}") for number in range(lists - 5)]
    for one in (*file.lists, *more[3:], *more[10:]):
        file.add_card(f"In {one['name']}", one)
    return file


def test_of_too_many_lists_the_fullest_become_columns(db: Session, ann: Actor, imported: Import) -> None:
    file = crowded(45)
    board = tasks.board(db, ann, imported(ann, file.content()))
    assert len(board.columns) == 30
    assert [column.name for column in board.columns] == ["Done", *(f"List {number}" for number in range(10, 39))]
    assert (board.cards, board.archived) == (59, len(file.board["cards"]) - 59)
    assert "become no columns" in said(found(file.content()).draft, "changed")


def test_the_lists_that_become_columns_can_be_chosen() -> None:
    file = crowded(45)
    draft = found(file.content(), columns=["Done", "List 39"]).draft
    assert [column.name for column in draft.columns if column.removed_at is None] == ["Done", "List 39"]
    assert sum(column.left_out for column in draft.columns) == 43
    away = [card for card in draft.cards if card.archived_at]
    assert {card.events[-1].kind for card in away} == {"archived"}
    assert len(away) == len(draft.cards) - 3
    with pytest.raises(AppError, match="no list of this file is called “Nowhere”"):
        found(file.content(), columns=["Nowhere"])
    with pytest.raises(AppError, match="31 lists are chosen"):
        found(file.content(), columns=[f"List {number}" for number in range(31)])
