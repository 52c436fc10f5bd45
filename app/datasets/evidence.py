"""From a row back to the bytes it was made of."""

from typing import Any

import sqlalchemy as sa
import zstandard
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import raw
from app.core.errors import Invalid, NotFound
from app.datasets.access import access_dataset, definition_of
from app.datasets.cut_blocks import to_utf8
from app.datasets.formats.places import places_of
from app.datasets.rejects.replay import tries_of
from app.datasets.schemas import Dialect, Failure, Trace
from app.datasets.stage import table_of
from app.datasets.streams.places import place_of
from app.datasets.tables import BatchRow, DatasetRow, RawBlockRow, RejectRow


class RowNotFound(NotFound):
    """There is no such row."""


def trace_row(db: Session, actor: Actor, dataset: str, row_id: str) -> Trace:
    """`row_id` is `batch.row`, as lists and exports show it. Valid and rejected rows alike."""
    owner = access_dataset(db, actor, dataset)
    batch_id, row = _parsed(row_id)
    batch = db.scalars(
        sa.select(BatchRow).where(BatchRow.id == batch_id, BatchRow.dataset_id == owner.id)
    ).one_or_none()
    block = _block(db, batch_id, row) if batch is not None else None
    if batch is None or block is None or row >= block.first_row + block.rows:
        raise RowNotFound(f"{dataset} has no row {row_id}, or its batch was undone.")
    dialect = Dialect.model_validate(batch.dialect)
    raw_text, line = _record(block, dialect, row)
    reject, mends = db.get(RejectRow, (batch_id, row)), tries_of(db, batch_id, row)
    is_open = reject is not None and not any(one.stored for one in mends)
    return Trace(
        row_id=row_id,
        dataset=owner.name,
        batch=batch.id,
        file_name=batch.file_name,
        sha256=batch.sha256,
        part=batch.part,
        row=row,
        line=line,
        place=_place(dialect, row, line),
        status="rejected" if is_open else "valid",
        raw=raw_text,
        loaded_by=batch.created_by,
        loaded_at=batch.created_at,
        mends=mends,
        values=None if is_open else _values(db, owner, batch_id, row),
        failures=[Failure.model_validate(one) for one in reject.failures] if reject else [],
        message=place_of(db, batch.id, block.block, row - block.first_row),
    )


def _place(dialect: Dialect, row: int, line: int) -> str:
    """As a person looks for it. The text of a sheet has a record for each of its rows, that of JSON one per element."""
    kinds = {"json": f"element {line:,}", "parquet": f"row {row:,}"}
    own = f"sheet {dialect.sheet}, row {line:,}" if dialect.sheet else kinds.get(dialect.source, f"line {line:,}")
    return f"{dialect.member}, {own}" if dialect.member else own


def _parsed(row_id: str) -> tuple[int, int]:
    batch, _, row = row_id.partition(".")
    if not (batch.isdigit() and row.isdigit() and len(batch) < 19 and len(row) < 19):
        raise Invalid(f"{row_id!r} is not a row id. Row ids look like 12.345: batch 12, row 345.")
    return int(batch), int(row)


def _block(db: Session, batch_id: int, row: int) -> RawBlockRow | None:
    return db.scalars(
        sa.select(RawBlockRow)
        .where(RawBlockRow.batch_id == batch_id, RawBlockRow.first_row <= row, RawBlockRow.rows > 0)
        .order_by(RawBlockRow.first_row.desc())
        .limit(1)
    ).one_or_none()


def _record(block: RawBlockRow, dialect: Dialect, row: int) -> tuple[str, int]:
    """The record as text and its line, by the very cutting that loaded it."""
    content = to_utf8(zstandard.ZstdDecompressor().decompress(block.content), dialect.encoding, final=True)
    start, end, line = places_of(content, dialect, tolerant=block.tolerant)[row - block.first_row]
    return content[start:end].rstrip(b"\r\n").decode("utf-8", "replace"), block.first_line + line


def _values(db: Session, owner: DatasetRow, batch_id: int, row: int) -> dict[str, Any] | None:
    """None for rows that are not in the table: held, still loading, or overwritten by a newer batch."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in definition_of(owner).columns)
    query = sql.SQL("select {} from {} where _batch = {} and _row = {}").format(
        names, table_of(owner.id), sql.Literal(batch_id), sql.Literal(row)
    )
    with raw(db).cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchone()
