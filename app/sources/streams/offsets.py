"""How far a stream was read. Only what these rows say counts; what the broker remembers is for its own tools."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.sources.streams.lease import LeaseLost
from app.sources.streams.tables import OffsetRow, WarningRow

Positions = dict[int, int]


def read_offsets(db: Session, source_id: UUID, topic: str) -> Positions:
    rows = sa.select(OffsetRow.partition, OffsetRow.next_offset)
    return dict(db.execute(rows.where(OffsetRow.source_id == source_id, OffsetRow.topic == topic)).tuples().all())


def begin(db: Session, source_id: UUID, topic: str, positions: Positions) -> None:
    """Written down before the first message: "latest" means when the source was begun, not when it came back."""
    rows = [
        {"source_id": source_id, "topic": topic, "partition": partition, "next_offset": offset}
        for partition, offset in positions.items()
    ]
    if rows:
        db.execute(insert(OffsetRow).values(rows).on_conflict_do_nothing())


def move(db: Session, source_id: UUID, topic: str, steps: dict[int, tuple[int, int]]) -> None:
    """Partition -> (from, to). Raises LeaseLost when one is not where it was: somebody else moved it."""
    for partition, (start, end) in sorted(steps.items()):
        moved = db.execute(
            sa.update(OffsetRow)
            .where(OffsetRow.source_id == source_id, OffsetRow.topic == topic)
            .where(OffsetRow.partition == partition, OffsetRow.next_offset == start)
            .values(next_offset=end)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            raise LeaseLost


def note_ends(db: Session, source_id: UUID, topic: str, ends: Positions) -> None:
    for partition, end in sorted(ends.items()):
        db.execute(
            sa.update(OffsetRow)
            .where(OffsetRow.source_id == source_id, OffsetRow.topic == topic, OffsetRow.partition == partition)
            .values(end_offset=end, seen_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def warn(db: Session, source_id: UUID, text: str) -> None:
    db.add(WarningRow(source_id=source_id, at=clock.now(), text=text))
