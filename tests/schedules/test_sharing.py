"""Who sees a schedule, who changes it, and what its history says when it could not run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.errors import Forbidden
from app.jobs import service as jobs
from app.jobs.claim import claim, end
from app.jobs.schemas import RunStatus
from app.jobs.tables import RunRow
from app.schedules import service as schedules
from app.schedules.schemas import Schedule, ScheduleChange, ScheduleCreate
from app.schedules.service import ScheduleNotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from tests.sharing.conftest import new_person

START = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def offered_action() -> Iterator[None]:
    schedules.offer_action("test", job="test.job", check=lambda _db, _actor, payload: payload)
    with clock.use(clock.FixedClock(START)):
        yield
    del schedules._offers["test"]


def create(db: Session, owner: Actor, **changes: Any) -> Schedule:
    given = {"name": "Hourly", "what": "test", "payload": {}, "cron": "0 * * * *", "share_with": [], **changes}
    return schedules.create_schedule(db, owner, ScheduleCreate(**given))


def share(db: Session, owner: Actor, schedule: Schedule, to: Actor, level: Level) -> None:
    sharing.grant(db, owner, Kind.schedule, schedule.id, ShareCreate(person_id=to.id, level=level))


def test_a_schedule_that_is_not_shared_does_not_exist_for_others(db: Session) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    made = create(db, ann)
    assert made.id not in {each.id for each in schedules.schedules(db, ben, limit=200).items}
    assert made.id not in {each.id for each in schedules.upcoming(db, ben, 100)}
    assert made.id in {each.id for each in schedules.upcoming(db, ann, 100)}
    for ask in (
        schedules.schedule,
        schedules.run_now,
        schedules.pause_schedule,
        schedules.resume_schedule,
        schedules.delete_schedule,
        schedules.fire_history,
    ):
        with pytest.raises(ScheduleNotFound):
            ask(db, ben, made.id)
    with pytest.raises(ScheduleNotFound):
        schedules.change_schedule(db, ben, made.id, ScheduleChange(version=made.version, name="Mine"))


@pytest.mark.parametrize("level", Level)
def test_a_share_grants_exactly_its_level(db: Session, level: Level) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    made = create(db, ann)
    share(db, ann, made, ben, level)
    assert schedules.schedule(db, ben, made.id).level is level
    assert [each.level for each in schedules.schedules(db, ben, limit=200).items if each.id == made.id] == [level]
    if level is Level.edit:
        assert schedules.run_now(db, ben, made.id).manual_by == ben.id
        assert not schedules.pause_schedule(db, ben, made.id).enabled
    else:
        with pytest.raises(Forbidden, match="look at only"):
            schedules.run_now(db, ben, made.id)
    with pytest.raises(Forbidden):
        schedules.delete_schedule(db, ben, made.id)


def test_a_member_with_edit_looks_on(db: Session) -> None:
    ann, max_ = new_person(db, Role.author), new_person(db, Role.member)
    made = create(db, ann)
    share(db, ann, made, max_, Level.edit)
    assert schedules.schedule(db, max_, made.id).level is Level.edit
    with pytest.raises(Forbidden, match="role author"):
        schedules.pause_schedule(db, max_, made.id)


def test_the_history_says_why_a_run_failed(db: Session) -> None:
    made = create(db, ann := new_person(db, Role.author))
    fire = schedules.run_now(db, ann, made.id)
    assert fire.run_id
    assert claim(db, fire.run_id) is not None
    end(db, db.get_one(RunRow, fire.run_id), RunStatus.failed, "Failed", error="The dataset is gone.")
    [seen] = schedules.fire_history(db, ann, made.id).items
    assert seen.error == "The dataset is gone."
    assert jobs.errors_of(db, []) == {}
