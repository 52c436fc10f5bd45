"""Durable runs. The queue library is only the alarm clock: the truth is the row in `runs`."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core import db as database
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Conflict, NotFound
from app.core.paging import Page
from app.jobs import claim, queries
from app.jobs.alarm import drop_alarm, set_alarm
from app.jobs.queries import errors_of
from app.jobs.schemas import Run, RunStatus, Step
from app.jobs.stopped import check_retry
from app.jobs.tables import RunRow

__all__ = ["errors_of"]

POLL_SECONDS = 0.1


class RunNotFound(NotFound):
    """There is no such run, or it is somebody else's."""


class RunIsOver(Conflict):
    """This run has already ended, so there is nothing to cancel."""


class RunNotOver(Conflict):
    """Only a run that failed, ended in part or was cancelled can be started again."""


class RunStillNeeded(Conflict):
    """This run has not ended yet. Cancel it first."""


def enqueue(
    db: Session,
    actor: Actor,
    job: str,
    args: dict[str, Any],
    *,
    title: str,
    unique_key: str | None = None,
    priority: int = 0,
    run_at: datetime | None = None,
    max_attempts: int = 3,
) -> Run:
    """In the caller's transaction: commit = enqueued, rollback = never was. An existing `unique_key` gives that run."""
    now = clock.now()
    row = db.scalar(
        insert(RunRow)
        .values(
            job=job,
            title=title,
            args=to_jsonable_python(args),
            person_id=actor.id,
            unique_key=unique_key,
            priority=priority,
            max_attempts=max_attempts,
            created_at=now,
            run_at=run_at or now,
        )
        .on_conflict_do_nothing(index_elements=[RunRow.unique_key])
        .returning(RunRow)
    )
    if row is None:
        return queries.as_run(db.scalars(sa.select(RunRow).where(RunRow.unique_key == unique_key)).one())
    row.alarm_id = set_alarm(db, row.id, priority=priority, at=run_at)
    claim.add_step(db, row, "Waiting for a worker")
    return queries.as_run(row)


def access_run(db: Session, actor: Actor, run_id: UUID) -> Run:
    """The run with its steps. Raises RunNotFound. Only admins get the traceback."""
    row = _row(db, actor, run_id)
    steps = queries.newest_steps(db, run_id)
    return queries.as_run(row, steps, with_traceback=actor.role.includes(Role.admin))


def run(db: Session, actor: Actor, run_id: UUID) -> Run:
    return access_run(db, actor, run_id)


def list_runs(
    db: Session,
    actor: Actor,
    *,
    status: RunStatus | None = None,
    job: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Run]:
    """Newest first: own runs; an admin sees everybody's."""
    return queries.visible_runs(db, actor, status=status, job=job, limit=limit, cursor=cursor)


def steps_after(db: Session, actor: Actor, run_id: UUID, after: int) -> tuple[RunStatus, list[Step]]:
    """What happened since step `after`, and the state now: for readers that follow a run."""
    status = RunStatus(_row(db, actor, run_id).status)
    return status, queries.steps_after(db, run_id, after)


def cancel_run(db: Session, actor: Actor, run_id: UUID) -> Run:
    """A waiting run ends at once; a running one is stopped by its worker within about a second."""
    row = _row(db, actor, run_id, lock=True)
    if RunStatus(row.status).is_final:
        raise RunIsOver
    if row.status == RunStatus.pending:
        drop_alarm(db, row.alarm_id)
        claim.end(db, row, RunStatus.cancelled, "Cancelled")
    elif not row.cancel_requested:
        row.cancel_requested = True
        claim.add_step(db, row, "Cancelling")
    audit.record(db, actor, Action.run_cancelled, row.id, title=row.title)
    return queries.as_run(row, queries.newest_steps(db, run_id))


def retry_run(db: Session, actor: Actor, run_id: UUID) -> Run:
    """Starts from the beginning with the same arguments and a full set of attempts.

    Whoever starts the run of somebody who is deactivated, does so in their own name. Raises RunNotOver, and what the
    feature says against it.
    """
    row = _row(db, actor, run_id, lock=True)
    if row.status not in (RunStatus.failed, RunStatus.partial, RunStatus.cancelled):
        raise RunNotOver
    check_retry(db, row)
    if actor.id is not None and not _may_act(db, row.person_id):
        row.person_id = actor.id
    row.attempt, row.progress, row.attempt_progress = 0, 0, 0
    row.error = row.error_id = row.traceback = row.result = None
    row.started_at = row.finished_at = row.attempt_started_at = row.progress_at = None
    claim.try_again(db, row, "Waiting for a worker")
    audit.record(db, actor, Action.run_retried, row.id, title=row.title)
    return queries.as_run(row, queries.newest_steps(db, run_id))


def delete_run(db: Session, actor: Actor, run_id: UUID) -> None:
    """Takes the history of a run that is over off the list; what it made stays."""
    row = _row(db, actor, run_id, lock=True)
    if not RunStatus(row.status).is_final:
        raise RunStillNeeded
    audit.record(db, actor, Action.run_deleted, row.id, title=row.title)
    db.delete(row)


def wait_for(run_id: UUID, timeout: float) -> Run:
    """For doors: polls in own transactions until the run is over or the time is up; the caller looks at `status`."""
    deadline = time.monotonic() + timeout
    while True:
        with database.transaction() as db:
            found = access_run(db, SYSTEM, run_id)
        if found.status.is_final or time.monotonic() >= deadline:
            return found
        time.sleep(POLL_SECONDS)


def _may_act(db: Session, person_id: UUID | None) -> bool:
    try:
        accounts.acting(db, person_id)
    except accounts.Deactivated:
        return False
    return True


def _row(db: Session, actor: Actor, run_id: UUID, *, lock: bool = False) -> RunRow:
    row = db.get(RunRow, run_id, with_for_update=lock or None, populate_existing=True)
    if row is None or (row.person_id != actor.id and not actor.role.includes(Role.admin)):
        raise RunNotFound
    return row
