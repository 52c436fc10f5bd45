"""What a card on the board says without being opened."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from app.core.actor import SYSTEM, Role
from app.tasks.schemas import Board, Card, Column
from app.ui.board import Answer, due_cue, holds, picture_of

TODAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("due", "state", "text"),
    [
        (date(2026, 3, 2), "overdue", "2 days late"),
        (date(2026, 3, 3), "overdue", "1 day late"),
        (date(2026, 3, 4), "today", "Due today"),
        (date(2026, 3, 5), "soon", "Due tomorrow"),
        (date(2026, 3, 7), "soon", "Due in 3 days"),
        (date(2026, 3, 8), "later", "Due 8 Mar"),
        (date(2027, 3, 8), "later", "Due 8 Mar 2027"),
    ],
)
def test_a_due_date_has_a_colour_and_words(due: date, state: str, text: str) -> None:
    cue = due_cue(due, TODAY, completed=False)
    assert cue
    assert (cue["state"], cue["text"]) == (state, text)


def test_a_completed_card_is_never_late_and_one_without_date_says_nothing() -> None:
    cue = due_cue(date(2026, 3, 2), TODAY, completed=True)
    assert cue
    assert (cue["state"], cue["text"]) == ("done", "2 Mar")
    assert due_cue(None, TODAY, completed=False) is None


def card(title: str, description: str = "", assignee: str | None = None) -> Card:
    nobody = dict.fromkeys(
        ["column_id", "start_on", "due_on", "assignee_id", "owner_id", "completed_at", "archived_at"]
    )
    fields = {"id": uuid4(), "board_id": uuid4(), "priority": "urgent", "category": "highlight", "version": 3}
    words = {"title": title, "description": description, "assignee": assignee}
    return Card.model_validate({**nobody, **fields, **words, "created_at": datetime(2026, 3, 1, tzinfo=UTC)})


@pytest.mark.parametrize("text", ["", "budget", "BUD zoe", "urgent", "highlight figures", "weber"])
def test_a_search_finds_every_word_that_stands_on_the_card(text: str) -> None:
    assert holds(card("Budget", "figures from Zoe", "Ann Weber"), text)


def test_a_search_needs_every_word() -> None:
    assert not holds(card("Budget", "figures from Zoe"), "budget max")


def board(*cards: Card) -> Board:
    column = Column(id=uuid4(), name="To do", is_done=False, wip_limit=2, cards=list(cards))
    line = {"id": uuid4(), "name": "Team", "revision": 7, "owner_id": None, "cards": len(cards), "archived": 0,
            "level": "edit"}  # fmt: skip
    return Board.model_validate({**line, "created_at": datetime(2026, 3, 1, tzinfo=UTC), "columns": [column]})


def test_the_picture_counts_all_cards_and_shows_those_that_are_searched_for() -> None:
    picture = picture_of(board(card("Budget"), card("Call")), SYSTEM, Answer(), text="call", today=TODAY)
    [column] = picture["columns"]
    assert (column["total"], [c["title"] for c in column["cards"]], picture["filtered"]) == (2, ["Call"], True)


def test_the_picture_is_new_exactly_when_something_is() -> None:
    shown = board(card("Budget"))
    viewer = SYSTEM.model_copy(update={"role": Role.viewer})

    def stamp(answer: Answer = Answer(), text: str = "", who: object = SYSTEM) -> object:  # noqa: B008
        return picture_of(shown, who, answer, text=text, today=TODAY)["stamp"]  # type: ignore[arg-type]

    assert stamp() == stamp()
    assert len({stamp(), stamp(Answer(number=1)), stamp(text="x"), stamp(who=viewer)}) == 4


def test_a_refusal_is_told_with_the_number_of_its_command() -> None:
    picture = picture_of(board(), SYSTEM, Answer(number=4, message="Full."), text="", today=TODAY)
    assert (picture["ack"], picture["refused"]) == (4, {"number": 4, "message": "Full."})
