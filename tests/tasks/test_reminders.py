"""What only time brings: due soon, overdue, standing still."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.notices import service as notices
from app.notices.schemas import NoticeKind, NoticeSettingsChange
from app.tasks import service as tasks
from app.tasks.reminders import WITHIN, remind
from app.tasks.schemas import Board, BoardChange, BoardCreate, BoardOptions, CardChange
from tests.access_objects import new_person
from tests.tasks.conftest import MONDAY, add, column, move
from tests.tasks.counting import statements
from tests.tasks.exchange.conftest import Import
from tests.tasks.exchange.conftest import imported as imported
from tests.tasks.exchange.trello_files import TrelloFile, iso

TODAY = MONDAY.date()


@pytest.fixture(autouse=True)
def monday() -> Iterator[clock.FixedClock]:
    """Nine in the morning, UTC."""
    fixed = clock.FixedClock(MONDAY)
    with clock.use(fixed):
        yield fixed


def told(db: Session, person: Actor) -> list[str]:
    return sorted(one.subject for one in notices.notices(db, person, limit=100).items)


def options(db: Session, actor: Actor, board: Board, **changes: int | None) -> None:
    tasks.change_board(db, actor, board.id, BoardChange(options=BoardOptions.model_validate(changes)))


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def test_a_card_is_due_soon_and_later_overdue_each_told_once(
    db: Session, ann: Actor, board: Board, monday: clock.FixedClock
) -> None:
    add(db, ann, board, "Roof", due_on=day(3))
    assert remind(db) == 0
    monday.at += timedelta(days=1)
    assert [remind(db), remind(db)] == [1, 0]
    monday.at += timedelta(days=2)
    assert remind(db) == 0, "it is due today"
    monday.at += timedelta(days=1)
    assert [remind(db), remind(db)] == [1, 0]
    assert told(db, ann) == ["#1 Roof is due on Thu 5 Mar 2026", "#1 Roof was due on Thu 5 Mar 2026"]


def test_another_due_date_is_told_anew(db: Session, ann: Actor, board: Board) -> None:
    (card,) = add(db, ann, board, "Roof", due_on=day(1))
    remind(db)
    tasks.change_card(db, ann, card.id, CardChange(version=card.version, due_on=day(2)))
    assert remind(db) == 1


def test_the_day_is_that_of_each_reader(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    notices.change_settings(db, ann, NoticeSettingsChange(zone="Pacific/Kiritimati"))  # there it is 23:00 on Monday
    notices.change_settings(db, bob, NoticeSettingsChange(zone="Pacific/Honolulu"))  # and here 23:00 on Sunday
    add(db, ann, board, "Roof", due_on=day(-1), assignee_ids=[ann.id, bob.id])
    assert remind(db) == 2
    assert told(db, ann) == ["#1 Roof was due on Sun 1 Mar 2026"]
    assert told(db, bob) == ["#1 Roof is due on Sun 1 Mar 2026", "Ann gave you #1 Roof"]


def test_what_is_done_archived_or_on_an_archived_board_is_nobodys_business(
    db: Session, ann: Actor, board: Board
) -> None:
    done, gone = add(db, ann, board, "Done", "Gone", due_on=day(-1))
    move(db, ann, done, column(board, "Completed"))
    tasks.archive_card(db, ann, gone.id)
    assert remind(db) == 0
    other = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Old")).id)
    add(db, ann, other, "Late", due_on=day(-1))
    tasks.archive_board(db, ann, other.id)
    assert remind(db) == 0


def test_the_board_says_how_soon_and_whether_at_all(db: Session, ann: Actor, board: Board) -> None:
    options(db, ann, board, due_soon_days=None, stale_days=None)
    add(db, ann, board, "Roof", due_on=day(0))
    assert remind(db) == 0
    options(db, ann, board, due_soon_days=0, stale_days=None)
    assert remind(db) == 1
    add(db, ann, board, "Wall", due_on=day(7))
    assert remind(db) == 0
    options(db, ann, board, due_soon_days=7, stale_days=None)
    assert remind(db) == 1


def test_a_standstill_is_told_once_and_the_next_one_again(
    db: Session, ann: Actor, bob: Actor, board: Board, monday: clock.FixedClock
) -> None:
    (card,) = add(db, ann, board, "Roof", assignee_ids=[bob.id])
    monday.at += timedelta(days=14, seconds=-1)
    assert remind(db) == 0
    monday.at += timedelta(seconds=1)
    assert [remind(db), remind(db)] == [1, 0]
    card = move(db, ann, card, column(board, "In progress"))
    monday.at += timedelta(days=14)
    assert remind(db) == 1
    assert [one for one in told(db, bob) if "moved" in one] == ["#1 Roof has not moved for 14 days"] * 2
    assert told(db, ann) == []


def test_a_muted_kind_waits_until_it_is_wanted(db: Session, ann: Actor, board: Board) -> None:
    notices.change_settings(db, ann, NoticeSettingsChange(muted=[NoticeKind.overdue]))
    add(db, ann, board, "Roof", due_on=day(-1))
    assert remind(db) == 0
    notices.change_settings(db, ann, NoticeSettingsChange(muted=[]))
    assert remind(db) == 1


def test_what_is_long_past_is_not_told_and_what_was_told_is_kept_for_longer(
    db: Session, ann: Actor, board: Board, monday: clock.FixedClock
) -> None:
    soonest = max(WITHIN.days, 60)  # the most that a board can say for `due_soon_days`
    assert soonest < notices.KEEP_DAYS, "or what was told and deleted would be told again"
    add(db, ann, board, "Old", due_on=day(-31))
    add(db, ann, board, "Late", due_on=day(-30))
    assert remind(db) == 1
    monday.at += timedelta(days=400)
    assert remind(db) == 0


def test_what_was_late_or_stood_still_before_it_was_imported_is_not_told(
    db: Session, ann: Actor, imported: Import, monday: clock.FixedClock
) -> None:
    file = TrelloFile()
    for title, made, due in (("Old", -25, -3), ("Idle", -10, 60), ("Soon", -1, 1)):
        file.at = MONDAY + timedelta(days=made)
        file.add_card(title, due=iso(MONDAY + timedelta(days=due)))
    imported(ann, file.content())
    assert [remind(db), remind(db)] == [1, 0]
    assert told(db, ann) == ["#3 Soon is due on Tue 3 Mar 2026"]
    monday.at += timedelta(days=5)
    assert remind(db) == 2
    assert told(db, ann)[0] == "#2 Idle has not moved for 14 days"
    assert told(db, ann)[2] == "#3 Soon was due on Tue 3 Mar 2026"


def test_looking_costs_the_same_whatever_there_is(db: Session, ann: Actor, board: Board) -> None:
    with statements(db) as nothing:
        remind(db)
    add(db, ann, board, *[f"Card {number}" for number in range(12)], due_on=day(-1))
    remind(db)
    with statements(db) as again:
        remind(db)
    assert len(nothing) == len(again) == 4


@pytest.mark.usefixtures("database")
def test_two_timers_at_once_tell_each_thing_once() -> None:
    person = new_person(Role.member)
    with transaction() as session:
        board = tasks.board(session, person, tasks.create_board(session, person, BoardCreate(name="Team")).id)
        add(session, person, board, *[f"Card {number}" for number in range(20)], due_on=day(-1))

    def tick(_: int) -> int:
        with clock.use(clock.FixedClock(MONDAY)), transaction() as session:
            return remind(session)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(tick, range(8))) == 20
    with transaction() as session:
        assert len(told(session, person)) == 20
