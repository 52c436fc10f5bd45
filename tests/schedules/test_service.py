"""Schedules: changed by people, started by any number of tickers exactly once."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange, PersonCreate
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Forbidden, Invalid
from app.jobs import service as jobs
from app.schedules import service as schedules
from app.schedules.schemas import CatchUp, Kind, Schedule, ScheduleChange, ScheduleCreate, Timing
from app.schedules.tables import FireRow, ScheduleRow

START = datetime(2026, 3, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def check_payload(_db: Session, _actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    if "number" not in payload:
        raise Invalid("number is missing")
    return payload


@pytest.fixture(autouse=True)
def offered_action() -> Iterator[None]:
    schedules.offer_action("test", job="test.job", check=check_payload)
    with clock.use(clock.FixedClock(START)):
        yield
    del schedules._offers["test"]


def person(session: Session, role: Role) -> Actor:
    new = PersonCreate(
        email=f"{uuid4().hex}@example.com", name=role.value, password=SecretStr("three unrelated words"), role=role
    )
    return accounts.actor_of(session, accounts.create_person(session, SYSTEM, new).id)


def create(session: Session, actor: Actor = SYSTEM, **changes: Any) -> Schedule:
    given = {"name": "Hourly", "what": "test", "payload": {"number": 1}, "cron": "0 * * * *", **changes}
    return schedules.create_schedule(session, actor, ScheduleCreate(**given))


def fired(session: Session, schedule_id: UUID) -> list[tuple[datetime, bool]]:
    rows = session.scalars(sa.select(FireRow).where(FireRow.schedule_id == schedule_id).order_by(FireRow.fire_at))
    return [(row.fire_at, row.late) for row in rows]


def test_a_due_schedule_starts_a_run_and_moves_on(db: Session) -> None:
    made = create(db, person(db, Role.author))
    assert made.next_run_at == START + HOUR
    assert schedules.tick(db, START + HOUR - timedelta(seconds=1)) == 0
    assert schedules.tick(db, START + HOUR) == 1
    assert schedules.tick(db, START + HOUR) == 0
    fire = schedules.fire_history(db, SYSTEM, made.id).items[0]
    run = jobs.run(db, SYSTEM, fire.run_id or uuid4())
    assert (run.job, run.title, run.person_id) == ("test.job", "Hourly", made.owner_id)
    assert (fire.late, fire.payload) == (False, {"number": 1})
    assert schedules.schedule(db, SYSTEM, made.id).next_run_at == START + 2 * HOUR


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.skip, [(3, False)]),
        (CatchUp.once, [(3, False)]),
        (CatchUp.each, [(1, True), (2, True), (3, False)]),
    ],
)
def test_runs_missed_while_nothing_was_up(db: Session, catch_up: CatchUp, expected: list[tuple[int, bool]]) -> None:
    made = create(db, catch_up=catch_up)
    schedules.tick(db, START + 3 * HOUR + timedelta(minutes=1))
    assert fired(db, made.id) == [(START + hours * HOUR, late) for hours, late in expected]


def test_a_late_run_is_made_once_or_skipped_and_marked(db: Session) -> None:
    once, skip = create(db, catch_up=CatchUp.once), create(db, catch_up=CatchUp.skip)
    schedules.tick(db, START + 3 * HOUR + timedelta(minutes=30))
    assert fired(db, once.id) == [(START + 3 * HOUR, True)]
    assert fired(db, skip.id) == []
    assert schedules.schedule(db, SYSTEM, skip.id).next_run_at == START + 4 * HOUR


def test_a_broken_schedule_is_switched_off_with_its_reason_and_the_others_go_on(db: Session) -> None:
    broken, whole = create(db, name="A broken one"), create(db, name="B")
    db.execute(sa.update(ScheduleRow).where(ScheduleRow.id == broken.id).values(zone="Mars/Olympus"))
    assert schedules.tick(db, START + HOUR) == 1
    seen = schedules.access_schedule(db, SYSTEM, broken.id)
    assert not seen.enabled
    assert "Mars/Olympus" in (seen.error or "")
    assert len(fired(db, whole.id)) == 1


def test_a_paused_schedule_does_not_run_and_a_resumed_one_does_not_catch_up(db: Session) -> None:
    made = create(db, catch_up=CatchUp.each)
    schedules.pause_schedule(db, SYSTEM, made.id)
    assert schedules.tick(db, START + 3 * HOUR) == 0
    with clock.use(clock.FixedClock(START + 3 * HOUR)):
        assert schedules.resume_schedule(db, SYSTEM, made.id).next_run_at == START + 4 * HOUR


def test_run_now_is_marked_with_who_and_leaves_the_timetable(db: Session) -> None:
    author = person(db, Role.author)
    made = create(db, author)
    fire = schedules.run_now(db, author, made.id)
    assert (fire.manual_by, fire.fire_at) == (author.id, START)
    assert schedules.schedule(db, author, made.id).next_run_at == made.next_run_at


def test_a_change_needs_the_version_that_was_read_and_recomputes_the_next_run(db: Session) -> None:
    made = create(db)
    change = ScheduleChange(version=made.version, cron="30 9 * * *", zone="Europe/Berlin")
    changed = schedules.change_schedule(db, SYSTEM, made.id, change)
    assert changed.next_run_at == datetime(2026, 3, 28, 8, 30, tzinfo=UTC)
    assert changed.explanation == "At 09:30 every day, Europe/Berlin time"
    with pytest.raises(schedules.ScheduleChanged):
        schedules.change_schedule(db, SYSTEM, made.id, ScheduleChange(version=made.version, name="Mine"))


@pytest.mark.parametrize(
    "changes", [{"cron": "61 * * * *"}, {"zone": "Nowhere"}, {"payload": {}}, {"what": "dance"}, {"kind": Kind.once}]
)
def test_what_cannot_run_is_refused_at_once(db: Session, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        create(db, **changes)


def test_a_fire_keeps_what_was_asked_at_that_moment(db: Session) -> None:
    made = create(db)
    fire = schedules.run_now(db, SYSTEM, made.id)
    schedules.change_schedule(db, SYSTEM, made.id, ScheduleChange(version=made.version, payload={"number": 2}))
    assert schedules.fire(db, fire.id).payload == {"number": 1}


def test_roles(db: Session) -> None:
    viewer, member, author = (person(db, role) for role in (Role.viewer, Role.member, Role.author))
    made = create(db, author)
    other = person(db, Role.author)
    for actor in (viewer, member):
        assert schedules.schedule(db, actor, made.id) == made
        for forbidden in (schedules.pause_schedule, schedules.run_now, schedules.delete_schedule):
            with pytest.raises(Forbidden):
                forbidden(db, actor, made.id)
        with pytest.raises(Forbidden):
            create(db, actor)
    with pytest.raises(Forbidden, match="owner"):
        schedules.delete_schedule(db, other, made.id)
    schedules.delete_schedule(db, author, made.id)
    with pytest.raises(schedules.ScheduleNotFound):
        schedules.schedule(db, author, made.id)


def test_the_list_is_paged_by_name(db: Session) -> None:
    for name in "cab":
        create(db, name=name)
    first = schedules.schedules(db, SYSTEM, limit=2)
    rest = schedules.schedules(db, SYSTEM, limit=2, cursor=first.next_cursor)
    assert [one.name for one in [*first.items, *rest.items]] == ["a", "b", "c"]
    assert rest.next_cursor is None
    assert len(schedules.upcoming(db, SYSTEM, 2)) == 2


def test_preview_shows_both_clocks(db: Session) -> None:
    shown = schedules.preview(Timing(cron="30 2 * * *", zone="Europe/Berlin"), 3)
    assert [run.local for run in shown.runs][1] == "Sun 29 Mar 2026 03:00 +02:00"
    assert "does not exist" in (shown.runs[1].note or "")


@pytest.mark.usefixtures("database")
def test_tickers_at_the_same_moment_start_each_schedule_once() -> None:
    with db.transaction() as session:
        ids = [create(session, name=f"S{number}").id for number in range(30)]
    made: list[int] = []
    barrier = threading.Barrier(4)

    def ticker() -> None:
        barrier.wait()
        for _ in range(4):
            with db.transaction() as session:
                made.append(schedules.tick(session, START + HOUR))

    threads = [threading.Thread(target=ticker) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with db.transaction() as session:
        assert sum(made) == 30
        assert all(len(fired(session, schedule_id)) == 1 for schedule_id in ids)
        assert len(jobs.list_runs(session, SYSTEM, limit=100).items) == 30


@pytest.mark.usefixtures("database")
def test_a_tick_that_is_rolled_back_leaves_nothing_and_is_made_again() -> None:
    with db.transaction() as session:
        made = create(session)
    with Session(db.engine()) as session:
        assert schedules.tick(session, START + HOUR) == 1
        session.rollback()
    with db.transaction() as session:
        assert fired(session, made.id) == []
        assert schedules.tick(session, START + HOUR) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [(PersonChange(is_active=False), "is deactivated"), (PersonChange(role=Role.viewer), "no longer an author")],
)
def test_a_schedule_of_an_owner_who_may_not_act_stops_until_somebody_takes_it_over(
    db: Session, change: PersonChange, reason: str
) -> None:
    owner, heir = person(db, Role.author), person(db, Role.author)
    made = create(db, owner)
    assert owner.id is not None
    accounts.change_person(db, SYSTEM, owner.id, change)
    assert schedules.tick(db, START + HOUR) == 0
    stopped = schedules.schedule(db, heir, made.id)
    assert not stopped.enabled
    assert reason in (stopped.error or "")
    assert schedules.resume_schedule(db, heir, made.id).owner_id == heir.id
    assert schedules.tick(db, START + HOUR) == 1


def test_resuming_the_schedule_of_an_active_owner_leaves_it_theirs(db: Session) -> None:
    owner = person(db, Role.author)
    made = create(db, owner)
    schedules.pause_schedule(db, SYSTEM, made.id)
    assert schedules.resume_schedule(db, person(db, Role.admin), made.id).owner_id == owner.id
