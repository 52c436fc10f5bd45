"""Batches, items and watermark of a visit in one transaction: a thing is either taken in once, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import AppError, Conflict
from app.datasets import service as datasets
from app.datasets.schemas import Batch, Pins, Received, Upload
from app.sources.connectors.protocol import Watermark
from app.sources.schemas import ItemState
from app.sources.tables import ItemRow, PullRow, SourceRow

COUNTERS = {
    ItemState.taken: PullRow.taken,
    ItemState.duplicate: PullRow.duplicates,
    ItemState.refused: PullRow.refused,
    ItemState.failed: PullRow.failed,
}


class SourceMoved(Conflict):
    """This source was changed while it was pulled, so nothing of it was taken in. Pull again."""


@dataclass
class Visit:
    """What the source was when the visit began."""

    source_id: UUID
    pull_id: int
    version: int
    watermark: Watermark


@dataclass(frozen=True)
class Found:
    key: str
    fingerprint: str
    name: str
    state: ItemState
    upload: Upload | None = None
    reason: str | None = None
    batch_ids: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return self.upload.size if self.upload else 0


def lock_visit(db: Session, visit: Visit) -> SourceRow:
    """Raises SourceMoved when somebody changed it, or another visit moved its watermark."""
    query = sa.select(SourceRow).where(SourceRow.id == visit.source_id).with_for_update()
    row = db.scalar(query.execution_options(populate_existing=True))
    if row is None or row.version != visit.version or row.watermark != visit.watermark:
        raise SourceMoved
    return row


def take_in(db: Session, owner: Actor, visit: Visit, row: SourceRow, found: Sequence[Found]) -> None:
    for one in found:
        done = _taken(db, owner, row, one) if one.upload else one
        _keep(db, visit, done)
        counter = COUNTERS[done.state]
        change = {counter: counter + 1, PullRow.size: PullRow.size + done.size}
        db.execute(sa.update(PullRow).where(PullRow.id == visit.pull_id).values(change))


def _taken(db: Session, owner: Actor, row: SourceRow, one: Found) -> Found:
    """What cannot be loaded is refused by itself; the others are loaded."""
    assert one.upload
    try:
        with db.begin_nested():
            received = _receive(db, owner, row, one.upload)
    except AppError as error:
        datasets.discard_upload(one.upload)
        return replace(one, state=ItemState.refused, reason=error.message)
    batches = received.batches
    old = all(batch.status == "duplicate" for batch in batches)
    return replace(
        one,
        state=ItemState.duplicate if old else ItemState.taken,
        reason=_same_as(batches) if old else _left_out(received),
        batch_ids=tuple(batch.id for batch in batches),
    )


def _receive(db: Session, owner: Actor, row: SourceRow, upload: Upload) -> Received:
    dataset = datasets.access_dataset(db, owner, row.dataset_id).name
    pins = Pins.model_validate(row.pins)
    if row.kind == "sql":  # fetched as text, but no text that people wrote
        pins = pins.model_copy(update={"numbers": "1234.56"})
    return datasets.receive_parts(db, owner, dataset, upload, pins)


def _same_as(batches: list[Batch]) -> str:
    first = ", ".join(str(batch.duplicate_of) for batch in batches)
    return f"The same bytes as batch {first}."


def _left_out(received: Received) -> str | None:
    """Of a workbook or an archive, some tables may not be meant for this dataset."""
    return "; ".join(f"{one.part}: {one.reason}" for one in received.skipped) or None


def _keep(db: Session, visit: Visit, one: Found) -> None:
    """What failed or was refused before may have a better end now. What was taken stays taken."""
    facts = {
        "pull_id": visit.pull_id,
        "name": one.name[-200:],
        "state": one.state,
        "reason": one.reason,
        "size": one.size,
        "batch_ids": list(one.batch_ids),
        "seen_at": clock.now(),
    }
    new = insert(ItemRow).values(source_id=visit.source_id, key=one.key, fingerprint=one.fingerprint, **facts)
    kept = db.scalar(
        new.on_conflict_do_update(
            constraint="uq_source_items_source_id_key_fingerprint",
            set_=facts,
            where=ItemRow.state.in_([ItemState.failed, ItemState.refused]),
        ).returning(ItemRow.id)
    )
    if kept is None:
        raise SourceMoved
    if one.state in (ItemState.taken, ItemState.duplicate):
        _forget_troubles(db, visit, one.key, kept)


def _forget_troubles(db: Session, visit: Visit, key: str, kept: int) -> None:
    """A newer state of this thing was taken: what was wrong with older ones is of no use any more."""
    here = (ItemRow.source_id == visit.source_id, ItemRow.key == key, ItemRow.id != kept)
    db.execute(sa.delete(ItemRow).where(*here, ItemRow.state.in_([ItemState.failed, ItemState.refused])))
