"""When something runs, and each time it did."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ScheduleRow(Base):
    __tablename__ = "schedules"
    __table_args__ = (
        sa.CheckConstraint("kind in ('cron', 'interval', 'once')", name="kind"),
        sa.CheckConstraint("catch_up in ('skip', 'once', 'each')", name="catch_up"),
        sa.CheckConstraint("kind <> 'cron' or cron is not null", name="cron_is_there"),
        sa.CheckConstraint(
            "kind <> 'interval' or (every_seconds >= 60 and starts_at is not null)", name="interval_is_there"
        ),
        sa.CheckConstraint("kind <> 'once' or starts_at is not null", name="moment_is_there"),
        sa.Index("ix_schedules_due", "next_run_at", postgresql_where=sa.text("enabled")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str]
    what: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kind: Mapped[str]
    cron: Mapped[str | None]
    every_seconds: Mapped[int | None]
    starts_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    zone: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default=sa.true())
    next_run_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    catch_up: Mapped[str] = mapped_column(server_default="once")
    grace_seconds: Mapped[int] = mapped_column(server_default="300")
    # None for SYSTEM. A person who owns schedules cannot be deleted: they would go on as SYSTEM.
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class FireRow(Base):
    """The unique pair is what makes a second fire for the same moment impossible, whoever ticks."""

    __tablename__ = "schedule_fires"
    __table_args__ = (sa.UniqueConstraint("schedule_id", "fire_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("schedules.id", ondelete="CASCADE"))
    fire_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    late: Mapped[bool] = mapped_column(server_default=sa.false())
    manual_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    # As it was at that moment: a retry after a crash does the same, whatever was edited since.
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # No foreign key: old runs are cleaned up, the history of the schedule stays.
    run_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
