"""The queue library, touched here and in `serve` only. It wakes workers up on any machine; the truth is in `runs`."""

from datetime import datetime
from uuid import UUID

import procrastinate
import sqlalchemy as sa
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from sqlalchemy.orm import Session

from app.core.db import raw

QUEUE = "runs"
TASK = "jobs.wake"

# Never opened: it only writes through the connection of the caller's transaction.
_sender = procrastinate.App(connector=SyncPsycopgConnector())


def set_alarm(db: Session, run_id: UUID, *, priority: int, at: datetime | None = None) -> int:
    """In the caller's transaction. Returns the id of the alarm: a run listens to its newest one only."""
    return _sender.configure_task(TASK, connection=raw(db), queue=QUEUE, priority=priority, schedule_at=at).defer(
        run_id=str(run_id)
    )


def drop_alarm(db: Session, alarm_id: int | None) -> None:
    """One that a worker has fetched already is left alone: it wakes nobody, because the run has moved on."""
    db.execute(
        sa.text("delete from procrastinate_jobs where id = :id and status = 'todo'"),
        {"id": alarm_id},
    )
