"""Reading runs: the row as others see it, its steps, lists, the time left."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.paging import Page, fetch_page
from app.jobs.schemas import Run, RunStatus, Step
from app.jobs.tables import RunRow, RunStepRow

MAX_STEPS_SHOWN = 500


def as_run(row: RunRow, steps: list[Step] | None = None, *, with_traceback: bool = False) -> Run:
    run = Run.model_validate(row)
    return run.model_copy(
        update={
            "eta_seconds": seconds_left(row),
            "steps": steps or [],
            "traceback": row.traceback if with_traceback else None,
        }
    )


def seconds_left(row: RunRow) -> float | None:
    """The attempt goes on at the speed that it had until its last step. None before that, and when it takes longer."""
    if row.status != RunStatus.processing or not row.attempt_started_at or not row.progress_at:
        return None
    taken = (row.progress_at - row.attempt_started_at).total_seconds()
    total = taken / row.attempt_progress
    left = total - (clock.now() - row.attempt_started_at).total_seconds()
    return round(left, 1) if left >= 0 else None


def steps_after(db: Session, run_id: UUID, after: int = 0, limit: int = MAX_STEPS_SHOWN) -> list[Step]:
    """Oldest first."""
    rows = db.scalars(
        sa.select(RunStepRow)
        .where(RunStepRow.run_id == run_id, RunStepRow.id > after)
        .order_by(RunStepRow.id)
        .limit(limit)
    )
    return [Step.model_validate(row) for row in rows]


def newest_steps(db: Session, run_id: UUID) -> list[Step]:
    """Oldest first, but of a very long history only its end."""
    rows = db.scalars(
        sa.select(RunStepRow).where(RunStepRow.run_id == run_id).order_by(RunStepRow.id.desc()).limit(MAX_STEPS_SHOWN)
    )
    return [Step.model_validate(row) for row in reversed(rows.all())]


def errors_of(db: Session, run_ids: list[UUID]) -> dict[UUID, str]:
    """Of those that failed. For features that show what their runs came to."""
    query = sa.select(RunRow.id, RunRow.error).where(RunRow.id.in_(run_ids), RunRow.status == RunStatus.failed)
    return {row.id: row.error or "It failed." for row in db.execute(query)}


def visible_runs(
    db: Session, actor: Actor, *, status: RunStatus | None, job: str | None, limit: int, cursor: str | None
) -> Page[Run]:
    """Newest first: own runs; an admin sees everybody's."""
    query = sa.select(RunRow)
    if not actor.role.includes(Role.admin):
        query = query.where(RunRow.person_id == actor.id)
    if status is not None:
        query = query.where(RunRow.status == status)
    if job is not None:
        query = query.where(RunRow.job == job)
    return fetch_page(db, query, as_run, RunRow.created_at, RunRow.id, limit=limit, cursor=cursor, newest_first=True)
