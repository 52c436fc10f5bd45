"""Where data is fetched from, each time it was, and each thing that was found there."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.sealed import sealed

EMPTY = sa.text("'{}'::jsonb")


class SourceRow(Base):
    """`settings` hold no secret: those are in `secrets`, value by value. `watermark` is up to the connector."""

    __tablename__ = "sources"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("max_items between 1 and 10000", name="max_items"),
        sa.CheckConstraint("max_mb between 1 and 1048576", name="max_mb"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str]
    kind: Mapped[str]
    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secrets: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=EMPTY, info=sealed("password or key of a source")
    )
    watermark: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)
    pins: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)
    max_items: Mapped[int] = mapped_column(server_default="500")
    max_mb: Mapped[int] = mapped_column(server_default="2048")
    paused: Mapped[bool] = mapped_column(server_default=sa.false())
    # A person who owns sources cannot be deleted: they would go on as SYSTEM.
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    # Rises with every change by a person: a pull that began before it is not taken in.
    version: Mapped[int] = mapped_column(server_default="1")
    pulled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class PullRow(Base):
    """One visit. A run that was killed and started again is the same visit."""

    __tablename__ = "source_pulls"
    __table_args__ = (
        sa.UniqueConstraint("run_id"),
        sa.CheckConstraint("status in ('running', 'completed', 'partial', 'failed')", name="status"),
        sa.Index("ix_source_pulls_source_id_id", "source_id", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sources.id", ondelete="CASCADE"))
    # No foreign key: old runs are cleaned up, the history of the source stays.
    run_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default="running")
    taken: Mapped[int] = mapped_column(server_default="0")
    duplicates: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    size: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    error: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ItemRow(Base):
    """The unique triple is what makes taking in the same thing twice impossible, whoever pulls."""

    __tablename__ = "source_items"
    __table_args__ = (
        sa.UniqueConstraint("source_id", "key", "fingerprint"),
        sa.CheckConstraint("state in ('taken', 'duplicate', 'refused', 'failed')", name="state"),
        sa.Index("ix_source_items_source_id_id", "source_id", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sources.id", ondelete="CASCADE"))
    pull_id: Mapped[int | None] = mapped_column(sa.ForeignKey("source_pulls.id", ondelete="SET NULL"), index=True)
    key: Mapped[str]
    fingerprint: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    size: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    # No foreign key: batches go only with their dataset, and then this goes, too.
    batch_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default=sa.text("'{}'::bigint[]"))
    seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
