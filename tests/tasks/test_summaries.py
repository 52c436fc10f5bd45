"""A board in a past window, against figures counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardChange, ColumnEdit
from app.tasks.summaries.schemas import BoardSummary
from tests.tasks.conftest import MONDAY, add, column, move

WEEK = (MONDAY.replace(hour=0), MONDAY.replace(hour=0) + timedelta(days=7))


def worked_board(db: Session, ann: Actor) -> Board:
    """Before: `old` is done. In the week: four cards, one done, one done and reopened, one archived when done."""
    now = FixedClock(MONDAY - timedelta(days=3))
    with clock.use(now):
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        done, doing = column(board, "Completed"), column(board, "In progress")
        [old, waiting] = add(db, ann, board, "old", "waiting", due_on=(MONDAY + timedelta(days=2)).date())
        move(db, ann, old, done)
        now.at = MONDAY
        a, b, c, _ = add(db, ann, board, "a", "b", "c", "d", category="highlight")
        now.at = MONDAY + timedelta(days=1)
        move(db, ann, move(db, ann, a, doing), done)
        b = move(db, ann, b, done)
        c = move(db, ann, c, done)
        now.at = MONDAY + timedelta(days=2)
        move(db, ann, b, doing)
        tasks.archive_card(db, ann, c.id)
        now.at = MONDAY + timedelta(days=9)
        move(db, ann, waiting, done)
    return board


def counts(summary: BoardSummary) -> dict[str, int]:
    return {column.name: column.cards for column in summary.columns}


def test_the_figures_of_a_past_week_equal_those_counted_by_hand(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    week = tasks.board_summary(db, ann, board.id, *WEEK)
    assert counts(week) == {"To do": 2, "In progress": 1, "Pending": 0, "Completed": 2}
    assert (week.created, week.moved, week.done, week.open, week.overdue) == (4, 3, 2, 3, 1)
    assert [card.title for card in week.done_cards] == ["a", "c"]
    assert [card.title for card in week.overdue_cards] == ["waiting"]
    assert [card.title for card in week.open_cards] == ["waiting", "d", "b"]
    assert sorted(card.title for card in week.highlights) == ["a", "b", "c", "d"]


def test_the_week_after_sees_only_its_own_events(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    later = tasks.board_summary(db, ann, board.id, WEEK[1], WEEK[1] + timedelta(days=7))
    assert (later.created, later.moved, later.done, later.overdue) == (0, 1, 1, 0)
    assert counts(later) == {"To do": 1, "In progress": 1, "Pending": 0, "Completed": 3}


def test_what_happens_later_does_not_change_a_past_summary(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    before = tasks.board_summary(db, ann, board.id, *WEEK)
    shown = tasks.board(db, ann, board.id)
    card = shown.columns[0].cards[0]
    tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="Other", due_on=None))
    tasks.archive_card(db, ann, card.id)
    tasks.delete_card(db, ann, card.id)
    columns = [ColumnEdit(id=c.id, name=f"New {c.name}", is_done=False) for c in shown.columns if c.cards]
    tasks.change_board(db, ann, board.id, BoardChange(columns=columns))
    assert tasks.board_summary(db, ann, board.id, *WEEK) == before


def test_a_window_before_the_board_is_empty(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    early = tasks.board_summary(db, ann, board.id, WEEK[0] - timedelta(days=30), WEEK[0] - timedelta(days=20))
    assert (early.columns, early.open, early.created, early.done) == ([], 0, 0, 0)


def test_windows_that_touch_count_each_event_once(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    edge = MONDAY + timedelta(days=1)  # the very moment of three moves
    halves = [
        tasks.board_summary(db, ann, board.id, WEEK[0], edge),
        tasks.board_summary(db, ann, board.id, edge, WEEK[1]),
    ]
    whole = tasks.board_summary(db, ann, board.id, *WEEK)
    assert sum(half.created for half in halves) == whole.created
    assert sum(half.done for half in halves) == whole.done


def test_a_card_is_overdue_from_the_day_after_it_was_due(db: Session, ann: Actor) -> None:
    with clock.use(FixedClock(MONDAY)):
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        add(db, ann, board, "a", due_on=MONDAY.date())
    day = timedelta(days=1)
    assert tasks.board_summary(db, ann, board.id, WEEK[0], WEEK[0] + day - timedelta(seconds=1)).overdue == 0
    assert tasks.board_summary(db, ann, board.id, WEEK[0], WEEK[0] + day).overdue == 1


def test_an_impossible_window_is_refused(db: Session, ann: Actor, board: Board) -> None:
    with pytest.raises(Invalid, match="is not after since"):
        tasks.board_summary(db, ann, board.id, WEEK[1], WEEK[0])
    with pytest.raises(Invalid, match="needs its zone"):
        tasks.board_summary(db, ann, board.id, WEEK[0], datetime(2026, 3, 9))  # noqa: DTZ001
    with pytest.raises(Invalid, match="needs its zone"):
        tasks.board_summary(db, ann, board.id, datetime(2026, 3, 1), datetime(2026, 3, 9, tzinfo=UTC))  # noqa: DTZ001
