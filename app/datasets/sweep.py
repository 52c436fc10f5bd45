"""Uploads that nobody waits for any more: whoever brought them was killed before they became a batch."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, storage
from app.datasets.tables import BatchRow

KEPT = timedelta(days=1)


def sweep_uploads(db: Session) -> int:
    """How many were deleted. Whatever column of a batch names a file keeps it."""
    old = {key for key, changed_at in storage.listed("uploads") if changed_at < clock.now() - KEPT}
    if not old:
        return 0
    for column in BatchRow.__table__.columns:
        if column.name.endswith("_key"):
            old -= set(db.scalars(sa.select(column).where(column.in_(old))))
    for key in old:
        storage.delete(key)
    return len(old)
