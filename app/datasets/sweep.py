"""Which files of the storage datasets need: uploads, intermediate texts and Parquet."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import sweep
from app.datasets.stopped import give_up
from app.datasets.streams.tables import StrayFileRow
from app.datasets.tables import BatchRow, DataFileRow
from app.datasets.versions.tables import RevalidatedBatchRow


def sweep_daily(db: Session) -> int:
    return sum(sweep.sweep_daily(folder, lambda keys: _named(db, keys)) for folder in ("uploads", "datasets"))


def _named(db: Session, keys: Collection[str]) -> set[str]:
    """Whatever column of a batch names a file keeps it, unless its load has stopped."""
    give_up(db, keys)
    columns = [
        DataFileRow.__table__.c.key,
        StrayFileRow.__table__.c.key,
        *(column for column in BatchRow.__table__.columns if column.name.endswith("_key")),
    ]
    named = {key for column in columns for key in db.scalars(sa.select(column).where(column.in_(keys)))}
    return named | {key for files in db.scalars(sa.select(RevalidatedBatchRow.files)) for _, key, *_ in files}
