"""A batch that grows: opened for a day, appended to in single transactions, closed when it is full or out of date."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
import zstandard
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.db import raw
from app.core.errors import Conflict
from app.datasets import stage
from app.datasets.access import access_inbox, definition_of
from app.datasets.check import Checker
from app.datasets.cut_blocks import Block, Checkpoint
from app.datasets.formats import ndjson
from app.datasets.formats.blocks import parse_block
from app.datasets.known_keys import known_keys
from app.datasets.load import Prepared, keep_block
from app.datasets.parse import Broken, Parsed
from app.datasets.prepare import encode_block, preamble
from app.datasets.schemas import DatasetSchema, Dialect
from app.datasets.streams.messages import Lines, lines_of
from app.datasets.streams.places import BatchMoved, Message
from app.datasets.streams.tables import StreamBatchRow, StreamBlockRow
from app.datasets.tables import BatchRow, DatasetRow, RawBlockRow

MAX_ROWS = 1_000_000
LEARNT_AT_ONCE = 20


class NotForStreams(Conflict):
    """Messages can only be added to a dataset of the mode append."""


@dataclass(frozen=True)
class Growing:
    """What one process knows of the batch it appends to. The checker remembers keys, so it must never run ahead."""

    dataset_id: UUID
    batch_id: int
    version: int
    dialect: Dialect
    checker: Checker
    at: Checkpoint
    opened_at: datetime

    @property
    def is_over(self) -> bool:
        return self.at.row > MAX_ROWS or clock.now().date() != self.opened_at.date()


@dataclass(frozen=True)
class Portion:
    """Messages on their way into a batch, encoded already."""

    block: Prepared
    places: bytes


def open_batch(db: Session, actor: Actor, dataset_id: UUID, topic: str) -> Growing:
    """Empty and visible. Raises NotForStreams, DatasetNotFound, Forbidden."""
    dataset = access_inbox(db, actor, dataset_id)
    schema = definition_of(dataset)
    if schema.mode != "append":
        raise NotForStreams(f"{dataset.name} is a dataset of the mode {schema.mode}; a stream needs the mode append.")
    now = clock.now()
    dialect = _dialect(schema)
    batch = BatchRow(
        dataset_id=dataset.id,
        file_name=f"{topic} {now:%Y-%m-%d}",
        part=now.isoformat(),
        sha256=sha256(f"{dataset.id} {topic} {now.isoformat()}".encode()).hexdigest(),
        size=0,
        dialect=dialect.model_dump(),
        status="published",
        next_block=1,
        definition=schema.model_dump(mode="json"),
        schema_version=dataset.version,
        created_by=actor.id,
        created_at=now,
        published_at=now,
    )
    db.add(batch)
    db.flush()
    db.add(StreamBatchRow(batch_id=batch.id))
    stage.create_staged(raw(db), dataset.id, batch.id)
    stage.attach(raw(db), dataset.id, batch.id)
    keep_block(raw(db), dataset.id, batch.id, preamble(io.BytesIO(), dialect), "")
    audit.record(db, actor, Action.batch_received, batch.id, dataset=dataset.name, file=batch.file_name, size=0)
    return _growing(db, batch, schema)


def resume(db: Session, actor: Actor, batch_id: int) -> Growing | None:
    """The batch as another process left it; None when it grows no more, or no longer fits its dataset."""
    batch = db.scalars(_open().where(BatchRow.id == batch_id)).one_or_none()
    if batch is None:
        return None
    dataset = access_inbox(db, actor, batch.dataset_id)
    if dataset.version != batch.schema_version or batch.dialect["header"] != _names(dataset):
        return None
    growing = _growing(db, batch, definition_of(dataset))
    if growing.is_over:
        return None
    _learn(db, growing)
    return growing


def prepare(growing: Growing, topic: str, messages: Sequence[Message]) -> Portion:
    """No database here."""
    lines = lines_of(topic, messages)
    layout = ndjson.lines_of(lines.content, "\n", final=True)
    block = Block(growing.at, lines.content, lines.content, layout, None, layout.newlines)
    parsed = _explained(parse_block(block, growing.dialect), lines)
    return Portion(
        encode_block(block, parsed, growing.checker.check(parsed, growing.at.row), growing.batch_id), lines.places
    )


def append(db: Session, actor: Actor, growing: Growing, portion: Portion, key: str) -> Growing:
    """Evidence, rows, rejects, places, file and figures, with whatever else the caller's transaction holds.

    Raises BatchMoved.
    """
    block = portion.block
    dataset = access_inbox(db, actor, growing.dataset_id)
    if dataset.version != growing.version or not _move(db, growing, block):
        raise BatchMoved
    keep_block(raw(db), growing.dataset_id, growing.batch_id, block, key)
    db.execute(sa.insert(StreamBlockRow).values(batch_id=growing.batch_id, block=block.at.block, places=portion.places))
    db.execute(
        sa.update(DatasetRow)
        .where(DatasetRow.id == growing.dataset_id)
        .values(row_count=DatasetRow.row_count + block.stored)
    )
    return replace(growing, at=block.after)


def close(db: Session, batch_id: int) -> None:
    """From now on it is like the batch of a file, and the fingerprint is that of its text."""
    batch = db.scalars(_open().where(BatchRow.id == batch_id).with_for_update(of=BatchRow)).one_or_none()
    if batch is not None:
        fingerprint = sha256()
        for block in _blocks(db, batch_id):
            fingerprint.update(zstandard.ZstdDecompressor().decompress(block.content))
        batch.sha256 = fingerprint.hexdigest()
    db.execute(sa.update(StreamBatchRow).where(StreamBatchRow.batch_id == batch_id).values(closed_at=clock.now()))


def _open() -> "sa.Select[BatchRow]":
    return (
        sa.select(BatchRow)
        .join(StreamBatchRow, StreamBatchRow.batch_id == BatchRow.id)
        .where(StreamBatchRow.closed_at.is_(None), BatchRow.status == "published", BatchRow.replaced_by.is_(None))
    )


def _move(db: Session, growing: Growing, block: Prepared) -> bool:
    """First, because it takes the lock of the batch."""
    still_open = sa.exists().where(StreamBatchRow.batch_id == BatchRow.id, StreamBatchRow.closed_at.is_(None))
    moved = db.execute(
        sa.update(BatchRow)
        .where(BatchRow.id == growing.batch_id, BatchRow.next_block == block.at.block, still_open)
        .where(BatchRow.status == "published", BatchRow.replaced_by.is_(None))
        .values(
            next_block=block.after.block,
            next_byte=block.after.byte,
            next_row=block.after.row,
            next_line=block.after.line,
            size=block.after.byte,
            rows_in=BatchRow.rows_in + block.rows,
            rows_valid=BatchRow.rows_valid + block.stored,
            rows_rejected=BatchRow.rows_rejected + block.rejected,
            failures=BatchRow.failures + block.failures,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def _names(dataset: DatasetRow) -> list[str]:
    return [column.name for column in definition_of(dataset).columns]


def _dialect(schema: DatasetSchema) -> Dialect:
    names = [column.name for column in schema.columns]
    return Dialect(format="ndjson", source="kafka", header=names, keys=names)


def _growing(db: Session, batch: BatchRow, schema: DatasetSchema) -> Growing:
    dialect = Dialect.model_validate(batch.dialect)
    return Growing(
        dataset_id=batch.dataset_id,
        batch_id=batch.id,
        version=batch.schema_version,
        dialect=dialect,
        checker=Checker(schema, dialect, batch.created_at, known_keys(db, schema)),
        at=Checkpoint(batch.next_block, batch.next_byte, batch.next_row, batch.next_line),
        opened_at=batch.created_at,
    )


def _learn(db: Session, growing: Growing) -> None:
    """Keys that must be unique are so within a batch, whichever process stored them."""
    if not growing.checker.seen:
        return
    for row in _blocks(db, growing.batch_id):
        at = Checkpoint(row.block, row.first_byte, row.first_row, row.first_line)
        content = zstandard.ZstdDecompressor().decompress(row.content)
        block = Block(at, content, content, ndjson.lines_of(content, "\n", final=True), None, row.rows)
        growing.checker.learn(parse_block(block, growing.dialect), row.first_row)


def _blocks(db: Session, batch_id: int) -> "sa.ScalarResult[RawBlockRow]":
    query = sa.select(RawBlockRow).where(RawBlockRow.batch_id == batch_id, RawBlockRow.rows > 0)
    return db.scalars(query.order_by(RawBlockRow.block).execution_options(yield_per=LEARNT_AT_ONCE))


def _explained(parsed: Parsed, lines: Lines) -> Parsed:
    broken = [one for one in parsed.broken if one.index not in lines.reasons]
    return replace(parsed, broken=[*broken, *(Broken(place, *why) for place, why in lines.reasons.items())])
