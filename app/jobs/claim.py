"""Who owns a run. Each claim raises the token and every later write must show it: a frozen worker writes nothing.

All functions work in the caller's transaction and lock the row of the run first.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.jobs.alarm import drop_alarm, set_alarm
from app.jobs.schemas import RunStatus
from app.jobs.stopped import tell_stopped
from app.jobs.tables import RunRow, RunStepRow

FIRST_RETRY_SECONDS = 5
RETRY_FACTOR = 3
LONGEST_RETRY_SECONDS = 600
OUR_SIDE = "Something went wrong on our side."


class RunLost(Exception):
    """Somebody else owns this run now, or nobody: what this attempt wants to write is discarded."""


@dataclass(frozen=True)
class Claim:
    """One attempt at one run."""

    run_id: UUID
    token: int
    attempt: int
    job: str
    args: dict[str, Any]
    person_id: UUID | None


def claim(db: Session, run_id: UUID, *, alarm_id: int | None = None, worker_id: UUID | None = None) -> Claim | None:
    """None when there is nothing to do: taken, finished, cancelled, or woken by an alarm that is no longer valid."""
    query = sa.select(RunRow).where(RunRow.id == run_id, RunRow.status == RunStatus.pending)
    if alarm_id is not None:
        query = query.where(RunRow.alarm_id == alarm_id)
    row = db.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    now = clock.now()
    row.status, row.worker_id, row.heartbeat_at = RunStatus.processing, worker_id, sa.func.clock_timestamp()
    row.attempt, row.token = row.attempt + 1, row.token + 1
    row.started_at, row.attempt_started_at = row.started_at or now, now
    row.attempt_progress, row.progress_at, row.error = 0, None, None
    add_step(db, row, "Started" if row.attempt == 1 else f"Started again, attempt {row.attempt} of {row.max_attempts}")
    return Claim(row.id, row.token, row.attempt, row.job, row.args, row.person_id)


def hold(db: Session, claim: Claim) -> RunRow:
    """Locks the run until the end of the transaction: nobody can take it over in between. Raises RunLost."""
    row = db.scalar(
        sa.select(RunRow)
        .where(RunRow.id == claim.run_id, RunRow.token == claim.token, RunRow.status == RunStatus.processing)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise RunLost
    return row


def beat(db: Session, claim: Claim) -> bool:
    """Says that this attempt is alive. Returns whether somebody asked to cancel it. Raises RunLost."""
    cancel_requested = db.scalar(
        sa.update(RunRow)
        .where(RunRow.id == claim.run_id, RunRow.token == claim.token, RunRow.status == RunStatus.processing)
        .values(heartbeat_at=sa.func.clock_timestamp())
        .returning(RunRow.cancel_requested)
        .execution_options(synchronize_session=False)
    )
    if cancel_requested is None:
        raise RunLost
    return cancel_requested


def add_step(db: Session, row: RunRow, message: str) -> None:
    db.add(
        RunStepRow(
            run_id=row.id,
            at=clock.now(),
            message=storable(message),
            progress=row.progress,
            status=row.status,
            attempt=row.attempt,
        )
    )
    db.flush()


def end(db: Session, row: RunRow, status: RunStatus, message: str, *, error: str | None = None) -> None:
    row.status, row.error, row.finished_at = status, storable(error) if error else None, clock.now()
    row.heartbeat_at = row.worker_id = None
    row.cancel_requested = False
    if status in (RunStatus.completed, RunStatus.partial):
        row.progress = 1
    add_step(db, row, message)
    if status in (RunStatus.failed, RunStatus.cancelled):
        tell_stopped(db, row)


def try_again(db: Session, row: RunRow, message: str, *, delay: float = 0) -> None:
    """Back to waiting, with a new alarm; the token stays risen, so the old attempt is locked out."""
    row.status, row.heartbeat_at, row.worker_id = RunStatus.pending, None, None
    row.run_at = clock.now() + timedelta(seconds=delay)
    drop_alarm(db, row.alarm_id)
    row.alarm_id = set_alarm(db, row.id, priority=row.priority, at=row.run_at if delay else None)
    add_step(db, row, message)


def fail(db: Session, row: RunRow, traceback: str, reason: str = OUR_SIDE) -> None:
    """A defect or an outage, not a refusal: again after a growing pause, until the attempts are used up."""
    row.error_id, row.traceback = secrets.token_hex(4), storable(traceback)
    error = f"{reason} An administrator finds the cause under the number {row.error_id}."
    if row.cancel_requested:
        end(db, row, RunStatus.cancelled, "Cancelled")
    elif row.attempt >= row.max_attempts:
        end(db, row, RunStatus.failed, f"Failed after {row.attempt} attempts", error=error)
    else:
        delay = retry_delay(row.attempt)
        row.error = error
        try_again(db, row, f"Attempt {row.attempt} failed (number {row.error_id}), next in {delay:g} s", delay=delay)


def give_back(db: Session, row: RunRow) -> None:
    """The worker has to go: the attempt does not count."""
    row.attempt -= 1
    if row.cancel_requested:
        end(db, row, RunStatus.cancelled, "Cancelled")
    else:
        try_again(db, row, "Given back: the worker is shutting down")


def retry_delay(attempt: int) -> float:
    return float(min(FIRST_RETRY_SECONDS * RETRY_FACTOR ** min(attempt - 1, 10), LONGEST_RETRY_SECONDS))


def storable(text: str) -> str:
    """Texts may quote the data that caused them, and PostgreSQL takes every character but NUL."""
    return text.replace("\x00", "\ufffd")
