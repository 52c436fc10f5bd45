"""Generated reports."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ReportRow(Base):
    """`status` is pending until the end is known; how far it is meanwhile, the run tells."""

    __tablename__ = "reports"
    __table_args__ = (
        sa.CheckConstraint("status in ('pending', 'completed', 'partial', 'failed')", name="status"),
        sa.CheckConstraint("(finished_at is null) = (status in ('pending', 'failed'))", name="finished_when_done"),
        sa.Index("ix_reports_created_at_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    # No foreign key: runs are tidied up sooner than reports.
    run_id: Mapped[UUID | None] = mapped_column(index=True)
    template_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("templates.id", ondelete="SET NULL"), index=True)
    template_name: Mapped[str]
    template_version: Mapped[int]
    title: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(server_default=sa.text("'pending'"))
    unique_key: Mapped[str | None] = mapped_column(unique=True)
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB, deferred=True)
    failed_blocks: Mapped[int] = mapped_column(server_default=sa.text("0"))
    html_key: Mapped[str | None]
    html_sha256: Mapped[str | None]
    pdf_key: Mapped[str | None]
    pdf_sha256: Mapped[str | None]
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    error: Mapped[str | None]
