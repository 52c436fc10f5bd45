"""Files that nobody waits for any more: whoever wrote them was killed before a row named them."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, storage
from app.datasets.streams.tables import StrayFileRow
from app.datasets.tables import BatchRow, DataFileRow
from app.datasets.versions.tables import RevalidatedBatchRow

KEPT = timedelta(days=1)
LAST = "sweeps/last"
AT_ONCE = 1000


def sweep_uploads(db: Session) -> int:
    """How many were deleted. Whatever column of a batch names a file keeps it."""
    return _delete_unnamed(db, "uploads")


def sweep_daily(db: Session) -> int:
    """Also Parquet files and intermediate texts; whoever calls, once a day."""
    earliest = clock.now() - KEPT
    if any(swept_at > earliest for _, swept_at in storage.listed(LAST.partition("/")[0])):
        return 0
    storage.write(LAST, b"")
    return _delete_unnamed(db, "uploads") + _delete_unnamed(db, "datasets")


def _delete_unnamed(db: Session, folder: str) -> int:
    old = sorted(key for key, changed_at in storage.listed(folder) if changed_at < clock.now() - KEPT)
    unnamed: set[str] = set()
    for first in range(0, len(old), AT_ONCE):
        some = old[first : first + AT_ONCE]
        unnamed |= set(some) - _named(db, some)
    for key in unnamed:
        storage.delete(key)
    return len(unnamed)


def _named(db: Session, keys: list[str]) -> set[str]:
    columns = [
        DataFileRow.__table__.c.key,
        StrayFileRow.__table__.c.key,
        *(column for column in BatchRow.__table__.columns if column.name.endswith("_key")),
    ]
    named = {key for column in columns for key in db.scalars(sa.select(column).where(column.in_(keys)))}
    return named | {key for files in db.scalars(sa.select(RevalidatedBatchRow.files)) for _, key, *_ in files}
