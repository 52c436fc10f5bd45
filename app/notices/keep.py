"""How long notices stay."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.notices.sight import is_gone
from app.notices.tables import DigestRow, NoticeRow

KEEP_DAYS = 90


def delete_old(db: Session) -> int:
    """Read or not; and at once what is about a thing that was deleted."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    db.execute(sa.delete(DigestRow).where(DigestRow.at < before))
    old = sa.delete(NoticeRow).where(sa.or_(NoticeRow.at < before, is_gone())).returning(NoticeRow.id)
    return len(db.scalars(old.execution_options(synchronize_session=False)).all())
