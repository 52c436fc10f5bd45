"""Runs, what happened in each of them, and the workers that are alive."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.sealed import sealed

STATES = "('pending', 'processing', 'completed', 'failed', 'partial', 'cancelled')"


class RunRow(Base):
    """The truth about one piece of work. Times that decide who owns a run are the database's own."""

    __tablename__ = "runs"
    __table_args__ = (
        sa.CheckConstraint(f"status in {STATES}", name="status"),
        sa.CheckConstraint("progress between 0 and 1", name="progress"),
        sa.CheckConstraint("max_attempts >= 1", name="max_attempts"),
        sa.CheckConstraint("(status = 'processing') = (heartbeat_at is not null)", name="heartbeat"),
        sa.Index("ix_runs_created_at_id", "created_at", "id"),
        sa.Index("ix_runs_person_id_created_at", "person_id", "created_at"),
        sa.Index("ix_runs_heartbeat_at", "heartbeat_at", postgresql_where=sa.text("status = 'processing'")),
        sa.Index("ix_runs_run_at", "run_at", postgresql_where=sa.text("status = 'pending'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    job: Mapped[str]
    title: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(JSONB, info=sealed("arguments of jobs", passing=True))
    # No foreign key: the history outlives the people in it. NULL is the product itself.
    person_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    progress: Mapped[float] = mapped_column(sa.Double, server_default="0")
    attempt: Mapped[int] = mapped_column(server_default="0")
    max_attempts: Mapped[int]
    # Rises at each claim and never falls, unlike `attempt`: who holds an old token may not write.
    token: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    priority: Mapped[int] = mapped_column(server_default="0")
    unique_key: Mapped[str | None] = mapped_column(unique=True)
    cancel_requested: Mapped[bool] = mapped_column(server_default=sa.false())
    run_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # Of the present attempt, for the estimate of the time left.
    attempt_started_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    attempt_progress: Mapped[float] = mapped_column(sa.Double, server_default="0")
    progress_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    heartbeat_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    worker_id: Mapped[UUID | None]
    # The one alarm in the queue that may wake this run; any other is stale.
    alarm_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    error: Mapped[str | None]
    error_id: Mapped[str | None] = mapped_column(index=True)
    traceback: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class RunStepRow(Base):
    """Written only while the row of its run is locked, so that ids rise in the order in which they become visible."""

    __tablename__ = "run_steps"
    __table_args__ = (sa.Index("ix_run_steps_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("runs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    message: Mapped[str]
    progress: Mapped[float] = mapped_column(sa.Double)
    status: Mapped[str]
    attempt: Mapped[int]


class WorkerRow(Base):
    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    concurrency: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    heartbeat_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
