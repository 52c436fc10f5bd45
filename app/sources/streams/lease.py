"""One follower for each stream, over any number of workers: whoever holds the token, for as long as it beats."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.sources.streams.tables import StreamRow
from app.sources.tables import SourceRow

STALE_SECONDS = 10
LONGEST_WAIT_SECONDS = 60
NOW = sa.func.clock_timestamp()


class LeaseLost(Exception):
    """Somebody else follows this stream now, or it was changed, paused or deleted: stop, store nothing."""


@dataclass(frozen=True)
class Lease:
    """Of one version of the source: a change by a person ends it."""

    source_id: UUID
    token: UUID
    version: int


def claim(db: Session, kinds: list[str], *, at_most: int) -> list[Lease]:
    """Streams that nobody follows: never begun, given back, or held by somebody who was silent for too long."""
    # Only what is missing: an insert waits for whoever is just changing the row that it meets, as followers always are.
    known = sa.exists().where(StreamRow.source_id == SourceRow.id)
    new = sa.select(SourceRow.id).where(SourceRow.kind.in_(kinds), ~known)
    db.execute(insert(StreamRow).from_select(["source_id"], new).on_conflict_do_nothing())
    free = (
        sa.select(StreamRow, SourceRow.version)
        .join(SourceRow, SourceRow.id == StreamRow.source_id)
        .where(SourceRow.kind.in_(kinds), ~SourceRow.paused, _is_free(), _is_time())
        .order_by(StreamRow.beat_at.nulls_first())
        .limit(at_most)
        .with_for_update(of=StreamRow, skip_locked=True)
    )
    leases = []
    for row, version in db.execute(free).tuples():
        row.token, row.beat_at = sa.func.gen_random_uuid(), NOW
        db.flush()
        db.refresh(row)
        assert row.token is not None
        leases.append(Lease(row.source_id, row.token, version))
    return leases


def hold(db: Session, lease: Lease, **values: object) -> None:
    """First in each transaction that stores something: takes the lock of the stream. Raises LeaseLost."""
    held = db.execute(
        sa.update(StreamRow)
        .where(StreamRow.source_id == lease.source_id, StreamRow.token == lease.token)
        .where(SourceRow.id == StreamRow.source_id, SourceRow.version == lease.version, ~SourceRow.paused)
        .values(beat_at=NOW, **values)
        .execution_options(synchronize_session=False)
    )
    if held.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost


def keep(db: Session, leases: Collection[Lease]) -> None:
    """For followers that are still starting. Waits for nobody: a row that is locked belongs to one that works."""
    tokens = [lease.token for lease in leases]
    mine = sa.select(StreamRow.source_id).where(StreamRow.token.in_(tokens))
    free = mine.with_for_update(skip_locked=True).cte("mine")
    change = sa.update(StreamRow).where(StreamRow.source_id.in_(sa.select(free.c.source_id))).values(beat_at=NOW)
    db.execute(change, execution_options={"synchronize_session": False})


def give_back(db: Session, lease: Lease, trouble: str | None = None) -> None:
    """With a trouble the next try waits, longer each time. Does nothing when the lease is lost already."""
    values: dict[str, object] = {"token": None, "beat_at": NOW}
    if trouble is not None:
        wait = sa.func.least(LONGEST_WAIT_SECONDS, sa.func.power(2, sa.func.least(StreamRow.failures, 10)))
        values |= {
            "trouble": trouble,
            "failures": StreamRow.failures + 1,
            "retry_at": NOW + wait * sa.text("interval '1 second'"),
        }
    db.execute(
        sa.update(StreamRow)
        .where(StreamRow.source_id == lease.source_id, StreamRow.token == lease.token)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _is_free() -> sa.ColumnElement[bool]:
    return sa.or_(StreamRow.token.is_(None), StreamRow.beat_at < NOW - sa.text(f"interval '{STALE_SECONDS} seconds'"))


def _is_time() -> sa.ColumnElement[bool]:
    """A person who has just changed something does not wait."""
    return sa.or_(StreamRow.retry_at.is_(None), StreamRow.retry_at <= NOW, SourceRow.changed_at > StreamRow.beat_at)
