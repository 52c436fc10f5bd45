"""Cards that are made again and again."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.core.errors import Invalid
from app.notices import service as notices
from app.tasks import service as tasks
from app.tasks.automations.schemas import Recurrence, RecurrenceChange, RecurrenceCreate
from app.tasks.automations.tables import OccasionRow
from app.tasks.details import service as details
from app.tasks.schemas import Board, BoardChange, BoardCreate, ColumnEdit
from tests.tasks.conftest import MONDAY, add, column, make_person, move, titles

DAILY = {"cron": "0 9 * * *", "zone": "Europe/Berlin"}


def recurring(db: Session, actor: Actor, board: Board, timing: dict[str, Any], **more: Any) -> Recurrence:
    content = more.pop("content", {"title": "Review"})
    new = RecurrenceCreate.model_validate({"content": content, "timing": timing, **more})
    return tasks.automations.create_recurrence(db, actor, board.id, new)


def tick(db: Session, at: datetime) -> None:
    with clock.use(clock.FixedClock(at)):
        while tasks.automations.make_recurring_card(db):
            pass


def told(db: Session, actor: Actor, one: Recurrence) -> list[str]:
    """Oldest first."""
    return [run.text for run in reversed(tasks.automations.recurrence_runs(db, actor, one.id).items)]


def next_at(db: Session, actor: Actor, board: Board) -> datetime | None:
    return tasks.automations.recurrences(db, actor, board.id).items[0].next_at


def test_a_card_is_made_at_its_time_with_dates_that_count_from_that_day(db: Session, ann: Actor, board: Board) -> None:
    content = {"title": "Review", "start_in_days": 0, "due_in_days": 2, "checklist": ["Read", "Send"], "estimate": 1.5}
    with clock.use(clock.FixedClock(MONDAY)):
        one = recurring(db, ann, board, DAILY, content=content, column=str(column(board, "Pending")))
    assert one.next_at == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    tick(db, MONDAY + timedelta(hours=22))
    assert not titles(db, ann, board, "Pending")
    tick(db, MONDAY + timedelta(days=1))
    [card] = next(c.cards for c in tasks.board(db, ann, board.id).columns if c.name == "Pending")
    assert (card.start_on, card.due_on, card.estimate) == (date(2026, 3, 3), date(2026, 3, 5), 1.5)
    assert [item.text for item in details.checklist(db, ann, card.id).items] == ["Read", "Send"]
    assert tasks.card_history(db, ann, card.id)[-1].person == "Recurring card “Review”"
    assert told(db, ann, one) == ["Made #1."]
    assert next_at(db, ann, board) == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


def test_of_all_the_moments_that_were_missed_only_the_last_makes_a_card(db: Session, ann: Actor, board: Board) -> None:
    content = {"title": "Review", "due_in_days": 0}
    with clock.use(clock.FixedClock(MONDAY)):
        recurring(db, ann, board, DAILY, content=content)
    tick(db, MONDAY + timedelta(days=10))
    [card] = tasks.board(db, ann, board.id).columns[0].cards
    assert card.due_on == date(2026, 3, 12)


@pytest.mark.parametrize(
    ("cron", "start", "wanted"),
    [
        ("30 2 * * *", "2026-03-28T00:00:00Z", ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]),
        ("30 2 * * *", "2026-10-24T00:00:00Z", ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]),
        ("0 9 31 * *", "2026-01-31T12:00:00Z", ["2026-03-31T07:00Z", "2026-05-31T07:00Z", "2026-07-31T07:00Z"]),
        ("0 9 L * *", "2026-01-31T12:00:00Z", ["2026-02-28T08:00Z", "2026-03-31T07:00Z", "2026-04-30T07:00Z"]),
    ],
    ids=["clocks forward", "clocks back", "the 31st", "last day"],
)
def test_clock_changes_and_ends_of_months_make_one_card_each(
    db: Session, ann: Actor, board: Board, cron: str, start: str, wanted: list[str]
) -> None:
    begin = datetime.fromisoformat(start)
    with clock.use(clock.FixedClock(begin)):
        one = recurring(db, ann, board, {"cron": cron, "zone": "Europe/Berlin"})
    moments = [datetime.fromisoformat(each) for each in wanted]
    for moment in moments:
        tick(db, moment - timedelta(minutes=1))
        tick(db, moment)
        tick(db, moment + timedelta(hours=1, minutes=5))
    assert [run.occasion for run in reversed(tasks.automations.recurrence_runs(db, ann, one.id).items)] == moments


def test_no_card_while_the_last_one_is_open(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        one = recurring(db, ann, board, DAILY, only_if_done=True)
    for day in (1, 2):
        tick(db, MONDAY + timedelta(days=day))
    [card] = tasks.board(db, ann, board.id).columns[0].cards
    move(db, ann, card, column(board, "Completed"))
    tick(db, MONDAY + timedelta(days=3))
    assert told(db, ann, one) == ["Made #1.", "The last one, #1, is not done yet.", "Made #2."]


def test_it_is_over_after_its_last_day(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        one = recurring(db, ann, board, DAILY, until="2026-03-03")
    tick(db, MONDAY + timedelta(days=20))
    assert (told(db, ann, one), next_at(db, ann, board)) == (["Made #1."], None)
    assert [run.occasion.day for run in tasks.automations.recurrence_runs(db, ann, one.id).items] == [3]


def test_what_is_switched_off_makes_nothing_and_what_was_missed_meanwhile_stays_missed(
    db: Session, ann: Actor, board: Board
) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        one = recurring(db, ann, board, DAILY)
        one = tasks.automations.change_recurrence(db, ann, one.id, RecurrenceChange(version=1, enabled=False))
    tick(db, MONDAY + timedelta(days=3))
    with clock.use(clock.FixedClock(MONDAY + timedelta(days=4))):
        tasks.automations.change_recurrence(db, ann, one.id, RecurrenceChange(version=2, enabled=True))
    tick(db, MONDAY + timedelta(days=4, minutes=1))
    assert not told(db, ann, one)
    assert next_at(db, ann, board) == datetime(2026, 3, 7, 8, 0, tzinfo=UTC)


def test_a_full_column_is_told_to_whoever_made_it(db: Session, ann: Actor, board: Board) -> None:
    columns = [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done, wip_limit=1) for c in board.columns]
    tasks.change_board(db, ann, board.id, BoardChange(columns=columns))
    add(db, ann, board, "in the way")
    with clock.use(clock.FixedClock(MONDAY)):
        one = recurring(db, ann, board, DAILY)
    tick(db, MONDAY + timedelta(days=1))
    assert told(db, ann, one) == ["“To do” takes at most 1 card. Move one out of it first."]
    assert [notice.subject for notice in notices.notices(db, ann).items] == [
        "The recurring card “Review” could not be made"
    ]


def test_what_is_gone_from_the_board_is_left_out_and_said(db: Session, ann: Actor, board: Board) -> None:
    pending = column(board, "Pending")
    with clock.use(clock.FixedClock(MONDAY)):
        content = {"title": "Review", "label_ids": [str(uuid4())]}
        one = recurring(db, ann, board, DAILY, content=content, column=str(pending))
    left = [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done) for c in board.columns if c.id != pending]
    tasks.change_board(db, ann, board.id, BoardChange(columns=left))
    tick(db, MONDAY + timedelta(days=1))
    assert told(db, ann, one) == ["Made #1. Left out: a label that is gone."]
    assert titles(db, ann, board, "To do") == ["Review"]


def test_a_timing_that_would_flood_the_board_is_refused(db: Session, ann: Actor, board: Board) -> None:
    with pytest.raises(Invalid, match="leave at least an hour"):
        recurring(db, ann, board, {"cron": "*/5 * * * *"})
    with pytest.raises(Invalid, match="not a time zone"):
        recurring(db, ann, board, {"cron": "0 9 * * *", "zone": "Mars"})


def test_two_timers_make_one_card(database: str) -> None:
    with transaction() as db:
        ann = make_person(db, "Ann", Role.member)
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        with clock.use(clock.FixedClock(clock.now() - timedelta(days=2))):
            for _ in range(3):
                recurring(db, ann, board, DAILY)

    def timer() -> None:
        for _ in range(4):
            with transaction() as db:
                tasks.automations.make_recurring_card(db)

    threads = [threading.Thread(target=timer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer()  # whoever finds the board taken leaves it for the next time
    with transaction() as db:
        assert len(tasks.board(db, ann, board.id).columns[0].cards) == 3
        assert db.scalar(sa.select(sa.func.count()).select_from(OccasionRow)) == 3
