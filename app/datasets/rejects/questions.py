"""What is asked of a child about rejected rows, and what it answers: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.datasets.rejects.schemas import Failure
from app.datasets.schemas import DatasetSchema, Dialect
from app.datasets.tables import BatchRow, RawBlockRow


class EvidenceGone(NotFound):
    """The bytes of this row are gone with its batch."""


@dataclass(frozen=True)
class Evidence:
    """A raw block as it lies in the database, with all that is needed to read it."""

    dialect: Dialect
    first_row: int
    tolerant: bool
    content: bytes


@dataclass(frozen=True)
class Question:
    """Rows of one block. The rules are judged at the moment `now`."""

    batch_id: int
    evidence: Evidence
    rows: list[int]
    schema: DatasetSchema
    now: datetime


@dataclass(frozen=True)
class Change:
    """What somebody wrote for one row: texts of some columns, or the whole record."""

    values: Mapping[str, str] | None = None
    raw: str | None = None


@dataclass(frozen=True)
class MendedRow:
    """One row, encoded already, as far as it can be read, and all that is wrong with it."""

    copy: list[bytes]
    parquet: bytes
    failures: list[Failure]


def evidence_of(db: Session, batch: BatchRow, row: int) -> Evidence:
    """The block in which this row lies. Raises EvidenceGone."""
    block = db.scalars(
        sa.select(RawBlockRow)
        .where(RawBlockRow.batch_id == batch.id, RawBlockRow.first_row <= row, RawBlockRow.rows > 0)
        .order_by(RawBlockRow.first_row.desc())
        .limit(1)
    ).one_or_none()
    if block is None:
        raise EvidenceGone
    return evidence_in(batch, block)


def evidence_in(batch: BatchRow, block: RawBlockRow) -> Evidence:
    dialect = Dialect.model_validate(batch.dialect)
    return Evidence(dialect, block.first_row, block.tolerant, block.content)
