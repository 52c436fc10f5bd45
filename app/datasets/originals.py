"""The bytes of a file as they were sent."""

from collections.abc import Iterator

import sqlalchemy as sa
import zstandard
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import storage
from app.core.actor import Actor
from app.core.db import transaction
from app.core.errors import NotFound
from app.datasets.access import access_batch
from app.datasets.export import Export
from app.datasets.tables import BatchRow, RawBlockRow

PIECE = 1 << 20
BYTES = "application/octet-stream"


class OriginalGone(NotFound):
    """The bytes of this file are no longer kept."""


def original_of(db: Session, actor: Actor, batch_id: int) -> Export:
    """From the storage, or put together from the blocks that its rows were read from: byte for byte the same."""
    batch = access_batch(db, actor, batch_id)
    if batch.status == "duplicate" and batch.duplicate_of is not None:
        batch = access_batch(db, actor, batch.duplicate_of)
    key = batch.original_key or batch.upload_key
    gone = batch.status in ("failed", "undone", "duplicate") and not batch.may_go_on
    if gone or (key is None and not _has_blocks(db, batch)):
        raise OriginalGone(f"Batch {batch_id} is {batch.status}, so the bytes of its file are no longer kept.")
    audit.record(db, actor, Action.rows_exported, batch.dataset_id, what="original", batch=batch.id)
    found = batch.id
    return Export(batch.file_name, BYTES, (lambda: _stored(key)) if key else (lambda: _rebuilt(found)))


def _has_blocks(db: Session, batch: BatchRow) -> bool:
    return db.scalar(sa.select(sa.exists().where(RawBlockRow.batch_id == batch.id))) or False


def _stored(key: str) -> Iterator[bytes]:
    with storage.open_file(key) as source:
        while part := source.read(PIECE):
            yield part


def _rebuilt(batch_id: int) -> Iterator[bytes]:
    block = -1
    while True:
        with transaction() as db:
            found = db.execute(
                sa.select(RawBlockRow.block, RawBlockRow.content)
                .where(RawBlockRow.batch_id == batch_id, RawBlockRow.block > block)
                .order_by(RawBlockRow.block)
                .limit(1)
            ).one_or_none()
        if found is None:
            return
        block, content = found
        yield zstandard.ZstdDecompressor().decompress(content)
