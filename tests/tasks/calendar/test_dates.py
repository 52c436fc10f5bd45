"""The month of a board: its cards by day, with words for what is late."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import AppError, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import Board
from app.ui.board import card_in
from app.ui.board_calendar import _by_day, _due_cue, _month
from tests.tasks.conftest import add, make_person
from tests.tasks.conftest import ann as ann
from tests.tasks.conftest import board as board
from tests.tasks.counting import statements

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def titles(db: Session, actor: Actor, board: Board, **asked: str) -> list[str]:
    return [card.title for card in tasks.dated_cards(db, actor, board.id, MARCH, APRIL, **asked)]


def test_a_card_is_in_the_month_of_its_start_and_of_its_due_day(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "Begins", start_on=date(2026, 3, 31), due_on=date(2026, 5, 1))
    add(db, ann, board, "Ends", start_on=date(2026, 2, 1), due_on=MARCH, priority="urgent")
    add(db, ann, board, "Around", start_on=date(2026, 2, 1), due_on=date(2026, 4, 1))
    add(db, ann, board, "Never")
    assert titles(db, ann, board) == ["Ends", "Begins"]


def test_the_filter_of_the_board_holds(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "Low", due_on=MARCH, priority="low")
    add(db, ann, board, "High", due_on=MARCH, priority="high")
    assert titles(db, ann, board, filter="priority:>=high") == ["High"]
    with pytest.raises(AppError):
        titles(db, ann, board, filter="priority:>=")


def test_a_foreign_board_has_no_calendar(db: Session, ann: Actor, board: Board) -> None:
    sharing.forget(db, Kind.board, board.id)
    with pytest.raises(NotFound):
        titles(db, make_person(db, "Zed", Role.member), board)


def test_the_number_of_queries_does_not_grow(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "One", due_on=MARCH)
    with statements(db) as few:
        titles(db, ann, board)
    add(db, ann, board, *"abcdefgh", due_on=MARCH)
    with statements(db) as many:
        titles(db, ann, board)
    assert len(few) == len(many)


def test_words_tell_what_is_late(db: Session, ann: Actor, board: Board) -> None:
    done = next(column.name for column in board.columns if column.is_done)
    add(db, ann, board, "Open", start_on=date(2026, 3, 3), due_on=date(2026, 3, 5))
    add(db, ann, board, "Closed", to=done, due_on=date(2026, 3, 5))
    cards = {card.title: card for card in tasks.dated_cards(db, ann, board.id, MARCH, APRIL)}
    cues = [_due_cue(cards["Open"], date(2026, 3, day)) for day in (6, 5, 4)]
    assert [word for _, word in cues] == ["Late:", "Today:", "Due:"]
    assert _due_cue(cards["Closed"], date(2026, 3, 9)) == ("done", "Done:")
    by_day = _by_day(list(cards.values()), board.id, MARCH)
    assert [one["cue"] for one in by_day[date(2026, 3, 3)]] == ["Starts:"]
    month = _month(MARCH, date(2026, 2, 23), date(2026, 3, 5), by_day)
    assert sum(day["today"] for week in month["weeks"] for day in week) == 1
    assert month["cards"] == 3


@pytest.mark.parametrize("sent", [None, "x", {}, {"card": "no id"}, {"card": 7}, {"card": None}, []], ids=repr)
def test_what_no_calendar_of_ours_sends_opens_nothing(sent: object) -> None:
    assert card_in(sent) is None
