"""Each definition that a dataset ever had, and the work of laying a new one over what is stored."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class DatasetVersionRow(Base):
    """`applied_at`: since then all that is stored fulfils it. Without one it holds for later files only."""

    __tablename__ = "dataset_versions"

    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    renamed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    applied_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    note: Mapped[str] = mapped_column(server_default="")
    figures: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))


class RevalidationRow(Base):
    """A definition on its way to all that is stored: one at a time, and nothing else changes the dataset meanwhile."""

    __tablename__ = "revalidations"

    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    # No foreign key: old runs are cleaned up.
    run_id: Mapped[UUID | None]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    renamed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
    note: Mapped[str] = mapped_column(server_default="")
    requested_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    requested_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class RevalidatedBatchRow(Base):
    """A batch that is done: its rows lie in a staged table; what else will be swapped in stands here."""

    __tablename__ = "revalidated_batches"

    dataset_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("revalidations.dataset_id", ondelete="CASCADE"), primary_key=True
    )
    batch_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    rows_valid: Mapped[int] = mapped_column(sa.BigInteger)
    rows_rejected: Mapped[int] = mapped_column(sa.BigInteger)
    failures: Mapped[int] = mapped_column(sa.BigInteger)
    dialect: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    files: Mapped[list[list[Any]]] = mapped_column(JSONB)
