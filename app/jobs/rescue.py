"""Runs whose worker stopped answering, and alarms that ring nowhere. Any number of workers may look at once.

Who is late is decided by the clock of the database alone; just after its start nobody is late yet.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.jobs.alarm import TASK, set_alarm
from app.jobs.claim import add_step, end, try_again
from app.jobs.schemas import RunStatus
from app.jobs.tables import RunRow, WorkerRow

FORGET_WORKERS_SECONDS = 3600
TAKEN_OVER = "Taken over after the worker stopped answering"


def rescue_run(db: Session, stale_seconds: float) -> bool:
    """One stalled run goes back to the queue, or fails for good. False when there is none."""
    late = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, stale_seconds)
    row = db.scalar(
        sa.select(RunRow)
        .where(
            RunRow.status == RunStatus.processing,
            RunRow.heartbeat_at < late,
            sa.func.pg_postmaster_start_time() < late,
        )
        .order_by(RunRow.heartbeat_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return False
    _close_alarm(db, row.alarm_id)
    if row.cancel_requested:
        end(db, row, RunStatus.cancelled, "Cancelled")
    elif row.attempt >= row.max_attempts:
        add_step(db, row, "The worker stopped answering")
        error = f"The worker stopped while it worked on this, {row.attempt} times. It may need too much memory."
        end(db, row, RunStatus.failed, f"Failed after {row.attempt} attempts", error=error)
    else:
        try_again(db, row, TAKEN_OVER)
    return True


def rescue_alarm(db: Session, stale_seconds: float) -> bool:
    """One waiting run that nothing would wake gets a new alarm. False when there is none."""
    late = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, stale_seconds)
    alarms = sa.table("procrastinate_jobs", sa.column("id"))
    row = db.scalar(
        sa.select(RunRow)
        .where(
            RunRow.status == RunStatus.pending,
            RunRow.run_at < late,
            ~sa.exists().where(alarms.c.id == RunRow.alarm_id),
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return False
    row.alarm_id = set_alarm(db, row.id, priority=row.priority)
    return True


def close_orphans(db: Session, stale_seconds: float) -> None:
    """Alarms in the hands of a dead worker, and the records of workers that are long gone."""
    db.execute(
        sa.text("""
            delete from procrastinate_jobs job
            where task_name = :task and status = 'doing' and not exists (
                select from procrastinate_workers worker where worker.id = job.worker_id
                and worker.last_heartbeat > clock_timestamp() - make_interval(secs => :seconds)
            )
            and pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => :seconds)
        """),
        {"task": TASK, "seconds": stale_seconds},
    )
    gone = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, FORGET_WORKERS_SECONDS)
    db.execute(sa.delete(WorkerRow).where(WorkerRow.heartbeat_at < gone))


def _close_alarm(db: Session, alarm_id: int | None) -> None:
    db.execute(sa.text("delete from procrastinate_jobs where id = :id"), {"id": alarm_id})
