"""Who may ask, how many queries it takes, what the sentences and tables say."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import NotFound
from app.tasks import service as tasks
from app.tasks.metrics.schemas import Metrics, MetricsQuery
from app.tasks.schemas import Board, BoardCreate
from tests.tasks.conftest import MONDAY, add, column, move

DAY = timedelta(days=1)
WEEKS = MetricsQuery(since=(MONDAY - 7 * DAY).date(), until=(MONDAY + 21 * DAY).date(), zone="UTC")


def worked(db: Session, ann: Actor, board: Board, cards: int = 6) -> Metrics:
    """Each card is started a day after it was made and takes a day longer than the one before; the last stays."""
    doing, done = column(board, "In progress"), column(board, "Completed")
    now = FixedClock(MONDAY)
    with clock.use(now):
        made = add(db, ann, board, *[f"=card {n}" for n in range(cards)], assignee_ids=[ann.id], estimate=3)
        now.at = MONDAY + DAY
        made = [move(db, ann, card, doing) for card in made]
        for number, card in enumerate(made[:-1], start=1):
            now.at = MONDAY + DAY + number * DAY
            move(db, ann, card, done)
        now.at = MONDAY + 20 * DAY
        return tasks.board_metrics(db, ann, board.id, WEEKS)


def test_the_figures_of_a_simple_story_are_those_counted_by_hand(db: Session, ann: Actor, board: Board) -> None:
    metrics = worked(db, ann, board)
    assert (metrics.totals.created, metrics.totals.completed, metrics.totals.completed_estimate) == (6, 5, 15)
    assert (metrics.totals.cycle.p50, metrics.totals.cycle.p85, metrics.totals.cycle.p95) == (3, 5, 5)
    assert metrics.totals.lead.p50 == 4
    assert [(each.name, each.open, each.estimate, each.completed) for each in metrics.workload] == [("Ann", 1, 3, 5)]
    assert [(card.age_days, card.late) for card in metrics.ageing] == [(19, True)]
    assert {stay.name: stay.time.p50 for stay in metrics.stays} == {"To do": 1, "In progress": 3}


def test_the_sentences_say_what_the_figures_say(db: Session, ann: Actor, board: Board) -> None:
    said = worked(db, ann, board).insights
    assert said == [
        "5 cards were completed, 1.2 a week; none in the four weeks before.",
        "From start to completion half of the cards took at most 3 days, 85 of 100 at most 5 days.",
        "The oldest card in progress is “=card 5” (#6) in “In progress”: 19 days since its start, "
        "longer than 85 of 100 completed cards took.",
        "Completed cards stayed longest in “In progress”: half of those that were there at most 3 days.",
        "More cards were created (6) than completed (5).",
    ]


def test_a_done_column_is_never_told_to_be_slow(db: Session, ann: Actor, board: Board) -> None:
    doing, done = column(board, "In progress"), column(board, "Completed")
    now = FixedClock(MONDAY)
    with clock.use(now):
        cards = add(db, ann, board, *"abcde")
        for days, target in ((1, doing), (2, done), (9, doing), (10, done)):  # opened again after a week
            now.at = MONDAY + days * DAY
            cards = [move(db, ann, card, target) for card in cards]
        now.at = MONDAY + 20 * DAY
        metrics = tasks.board_metrics(db, ann, board.id, WEEKS)
    assert {stay.name: stay.time.p50 for stay in metrics.stays}["Completed"] == 7
    assert [said for said in metrics.insights if "stayed longest" in said] == [
        "Completed cards stayed longest in “In progress”: half of those that were there at most 2 days."
    ]


def test_an_empty_board_says_nothing(db: Session, ann: Actor, board: Board) -> None:
    metrics = tasks.board_metrics(db, ann, board.id)
    assert metrics.insights == []
    assert metrics.totals.cycle.p50 is None
    assert all(tasks.metrics_rows(metrics, table) for table in tasks.METRIC_TABLES)


def test_no_table_holds_a_formula(db: Session, ann: Actor, board: Board) -> None:
    metrics = worked(db, ann, board)
    lines = tasks.metrics_csv(metrics, "completed").splitlines()
    assert lines[0] == "board,number,title,created_at,started_at,completed_at,lead_days,cycle_days"
    assert lines[1] == (
        "Team,5,'=card 4,2026-03-02T09:00:00+00:00,2026-03-03T09:00:00+00:00,2026-03-08T09:00:00+00:00,6,5"
    )
    for table in tasks.METRIC_TABLES:
        cells = [cell for line in tasks.metrics_csv(metrics, table).splitlines() for cell in line.split(",")]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))], table


def test_all_boards_are_those_that_the_person_sees(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    hidden = tasks.create_board(db, ann, BoardCreate(name="Hidden", share_with=[]))
    worked(db, ann, board)
    with clock.use(FixedClock(MONDAY + 20 * DAY)):
        add(db, ann, tasks.board(db, ann, hidden.id), "secret")
    with clock.use(FixedClock(MONDAY + 20 * DAY + DAY / 2)):
        both = tasks.task_analytics(db, ann, WEEKS)
        seen = tasks.task_analytics(db, bob, WEEKS)
    assert {b.name for b in both.boards} == {"Team", "Hidden"}
    assert (both.flow[-1].waiting, both.flow[-1].started, both.flow[-1].done, both.flow[-1].columns) == (1, 1, 5, [])
    assert {b.name for b in seen.boards} == {"Team"}
    assert (seen.totals.created, seen.flow[-1].open) == (6, 1)
    with pytest.raises(NotFound):
        tasks.board_metrics(db, bob, hidden.id)


def test_the_history_is_read_once_whatever_there_is(db: Session, ann: Actor, board: Board) -> None:
    worked(db, ann, board)
    assert asked(db, lambda: tasks.board_metrics(db, ann, board.id)) == 3  # the board, its lock, all figures
    assert asked(db, lambda: tasks.task_analytics(db, ann)) == 2


def asked(db: Session, ask: Any) -> int:
    seen: list[str] = []
    count = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
    try:
        ask()
    finally:
        sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
    return len(seen)
