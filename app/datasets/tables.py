"""Datasets, batches, raw evidence, rejects and the Parquet catalogue. Typed rows live in the schema `data`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

LIVE = "status in ('loading', 'held', 'published') and replaced_by is null"


class DatasetRow(Base):
    __tablename__ = "datasets"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("mode in ('append', 'replace', 'upsert')", name="mode"),
        sa.CheckConstraint("max_reject_share between 0 and 1", name="max_reject_share"),
        sa.CheckConstraint("mode <> 'upsert' or jsonb_array_length(key) > 0", name="upsert_has_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"))
    key: Mapped[list[str]] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"))
    mode: Mapped[str] = mapped_column(server_default="append")
    max_reject_share: Mapped[float] = mapped_column(server_default="1")
    version: Mapped[int] = mapped_column(server_default="1")
    # Of upsert datasets only the table itself knows how many rows are left; counted when something is published.
    row_count: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class BatchRow(Base):
    """One file on its way into one dataset. `next_*` is the checkpoint: what lies before it is committed."""

    __tablename__ = "batches"
    __table_args__ = (
        sa.CheckConstraint(
            "status in ('loading', 'held', 'published', 'duplicate', 'failed', 'undone')", name="status"
        ),
        sa.CheckConstraint("rows_in = rows_valid + rows_rejected", name="rows_add_up"),
        sa.CheckConstraint("status <> 'duplicate' or duplicate_of is not null", name="duplicate_of_what"),
        sa.CheckConstraint("status <> 'published' or published_at is not null", name="published_when"),
        # The same bytes twice are impossible, whoever sends them at whatever moment.
        sa.Index("uq_batches_live_bytes", "dataset_id", "sha256", "part", unique=True, postgresql_where=sa.text(LIVE)),
        sa.Index("ix_batches_dataset_id_id", "dataset_id", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"))
    file_name: Mapped[str]
    # Text that is loaded as it came. Files of other shapes lie under `original_key`, their text under `work_key`.
    upload_key: Mapped[str | None]
    original_key: Mapped[str | None]
    work_key: Mapped[str | None]
    work_size: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Which sheet or member of the file this is; several batches may come from one.
    part: Mapped[str] = mapped_column(server_default="")
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    dialect: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(server_default="loading")
    next_block: Mapped[int] = mapped_column(server_default="0")
    next_byte: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    next_row: Mapped[int] = mapped_column(sa.BigInteger, server_default="1")
    next_line: Mapped[int] = mapped_column(sa.BigInteger, server_default="1")
    rows_in: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    rows_valid: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    rows_rejected: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    failures: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    # The rules as they were when the file came in: a later change of the dataset does not touch a running load.
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    schema_version: Mapped[int]
    # No foreign key: old runs are cleaned up, the batch stays.
    run_id: Mapped[UUID | None]
    duplicate_of: Mapped[int | None] = mapped_column(sa.ForeignKey("batches.id", ondelete="SET NULL"))
    replaced_by: Mapped[int | None] = mapped_column(sa.ForeignKey("batches.id", ondelete="SET NULL"))
    created_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    error: Mapped[str | None]

    @property
    def may_go_on(self) -> bool:
        """Its load stopped without being refused: the file and what was stored of it are kept for a while."""
        return self.status == "failed" and bool(self.upload_key or self.original_key)

    @property
    def text_size(self) -> int:
        """Bytes of what is cut into blocks."""
        return self.size if self.work_size is None else self.work_size

    @property
    def progress(self) -> float:
        if self.original_key and self.work_size is None:
            return 0.0
        return min(self.next_byte / self.text_size, 1.0) if self.text_size else 0.0


class RawBlockRow(Base):
    """The very bytes of the file, a block at a time, compressed by us (so PostgreSQL must not try again)."""

    __tablename__ = "raw_blocks"
    __table_args__ = (sa.Index("ix_raw_blocks_batch_id_first_row", "batch_id", "first_row"),)

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    first_row: Mapped[int] = mapped_column(sa.BigInteger)
    first_line: Mapped[int] = mapped_column(sa.BigInteger)
    rows: Mapped[int]
    first_byte: Mapped[int] = mapped_column(sa.BigInteger)
    size: Mapped[int]
    tolerant: Mapped[bool]
    content: Mapped[bytes]


class RejectRow(Base):
    """A record that was not stored, as it stood in the file, with everything that is wrong with it."""

    __tablename__ = "rejects"

    # No foreign key: checking it for each of a million bad rows would cost more than loading them.
    batch_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    row: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(sa.BigInteger)
    raw: Mapped[str]
    failures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class ReplayRow(Base):
    """One try to mend a rejected row. The reject itself stays as it was: it is open while no try of it is `stored`.

    `values` are the texts of the columns that were changed, `raw` is the whole record written anew; neither means
    that the record was only checked again. A mended row is what its raw block says with this laid over it.
    """

    __tablename__ = "replays"
    __table_args__ = (
        sa.CheckConstraint("values is null or raw is null", name="one_way"),
        # One row is stored once, whoever mends it at whatever moment.
        sa.Index("uq_replays_stored", "batch_id", "row", unique=True, postgresql_where=sa.text("stored")),
    )

    # No foreign keys, as in rejects.
    batch_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    row: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    person_id: Mapped[UUID | None]
    run_id: Mapped[UUID | None]
    schema_version: Mapped[int]
    values: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    raw: Mapped[str | None]
    failures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"))
    stored: Mapped[bool]


class ReasonRow(Base):
    """How many rows of a batch broke which rule: counted while loading, so that a summary costs nothing."""

    __tablename__ = "reject_reasons"

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    column: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(sa.BigInteger)


class DataFileRow(Base):
    """The catalogue of Parquet files. A file is live when its batch is."""

    __tablename__ = "data_files"
    __table_args__ = (sa.UniqueConstraint("key"),)

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    rows: Mapped[int]
    size: Mapped[int] = mapped_column(sa.BigInteger)
