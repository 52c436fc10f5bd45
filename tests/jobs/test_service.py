"""Enqueue, see, cancel and retry, without a worker."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core import db as database_module
from app.core.actor import SYSTEM, Actor, Role
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus


def a_person(role: Role = Role.member) -> Actor:
    return Actor(id=uuid.uuid4(), name="Ada", role=role)


def alarms(db: Session) -> int:
    return db.execute(sa.text("select count(*) from procrastinate_jobs where status = 'todo'")).scalar_one()


def test_a_new_run_waits_and_has_one_alarm(db: Session) -> None:
    before = alarms(db)
    run = jobs.enqueue(db, SYSTEM, "test.noop", {"at": datetime(2026, 1, 1, tzinfo=UTC)}, title="Nothing")
    assert (run.status, run.progress, run.attempt) == (RunStatus.pending, 0, 0)
    assert alarms(db) == before + 1


def test_the_same_unique_key_gives_the_same_run_even_after_its_end(db: Session) -> None:
    first = jobs.enqueue(db, SYSTEM, "test.noop", {}, title="Nothing", unique_key="schedule:1")
    jobs.cancel_run(db, SYSTEM, first.id)
    before = alarms(db)
    again = jobs.enqueue(db, SYSTEM, "test.noop", {"other": 1}, title="Other", unique_key="schedule:1")
    assert again.id == first.id
    assert alarms(db) == before


def test_a_run_rolled_back_with_its_transaction_never_was(database: str) -> None:
    with Session(database_module.engine()) as db:
        jobs.enqueue(db, SYSTEM, "test.noop", {}, title="Nothing")
        db.rollback()
    with database_module.transaction() as db:
        assert jobs.list_runs(db, SYSTEM).items == []
        assert alarms(db) == 0


def test_cancelling_a_waiting_run_ends_it_and_its_alarm(db: Session) -> None:
    before = alarms(db)
    run = jobs.enqueue(db, SYSTEM, "test.noop", {}, title="Nothing")
    cancelled = jobs.cancel_run(db, SYSTEM, run.id)
    assert cancelled.status == RunStatus.cancelled
    assert [step.message for step in cancelled.steps] == ["Waiting for a worker", "Cancelled"]
    assert alarms(db) == before


def test_a_run_that_is_over_cannot_be_cancelled_but_started_again(db: Session) -> None:
    run = jobs.enqueue(db, SYSTEM, "test.noop", {}, title="Nothing")
    with pytest.raises(jobs.RunNotOver):
        jobs.retry_run(db, SYSTEM, run.id)
    jobs.cancel_run(db, SYSTEM, run.id)
    with pytest.raises(jobs.RunIsOver):
        jobs.cancel_run(db, SYSTEM, run.id)
    assert jobs.retry_run(db, SYSTEM, run.id).status == RunStatus.pending


def test_people_see_their_own_runs_and_admins_see_all(db: Session) -> None:
    ada, eve, root = a_person(), a_person(), a_person(Role.admin)
    run = jobs.enqueue(db, ada, "test.noop", {}, title="Hers")
    assert [r.id for r in jobs.list_runs(db, ada).items] == [run.id]
    assert jobs.list_runs(db, eve).items == []
    assert run.id in [r.id for r in jobs.list_runs(db, root).items]
    with pytest.raises(jobs.RunNotFound):
        jobs.access_run(db, eve, run.id)
    with pytest.raises(jobs.RunNotFound):
        jobs.cancel_run(db, eve, run.id)
    with pytest.raises(jobs.RunNotFound):
        jobs.access_run(db, ada, uuid.uuid4())


def test_a_list_is_read_page_by_page_without_gaps_or_doubles(db: Session) -> None:
    ada, start = a_person(), datetime(2026, 3, 1, tzinfo=UTC)
    ids = []
    for number in range(5):
        with clock.use(clock.FixedClock(start + timedelta(seconds=number // 2))):  # equal times on purpose
            ids.append(jobs.enqueue(db, ada, "test.noop", {}, title=f"Run {number}").id)
    seen, cursor = [], None
    while True:
        page = jobs.list_runs(db, ada, limit=2, cursor=cursor)
        seen += [run.id for run in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 5


def test_a_list_is_filtered_by_state_and_job(db: Session) -> None:
    ada = a_person()
    jobs.enqueue(db, ada, "test.noop", {}, title="One")
    other = jobs.enqueue(db, ada, "test.other", {}, title="Two")
    jobs.cancel_run(db, ada, other.id)
    assert [r.title for r in jobs.list_runs(db, ada, status=RunStatus.pending).items] == ["One"]
    assert [r.title for r in jobs.list_runs(db, ada, job="test.other").items] == ["Two"]
