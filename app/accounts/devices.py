"""Browsers in which somebody has signed in before: wrong passwords from elsewhere must not shut their owner out."""

import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.sessions import hash_of
from app.accounts.tables import KnownDeviceRow, PersonRow
from app.core import clock

DEVICE_KNOWN_FOR = timedelta(days=180)
KEPT = 10


def remember_device(db: Session, person_id: UUID, token: str | None = None) -> str:
    """The token for this browser's cookie, which stays the same at each sign-in. Of many, the latest ten are kept."""
    row = KnownDeviceRow
    known = token and db.scalar(sa.select(row.person_id).where(row.token_hash == hash_of(token), _lasts()))
    token = token if token and known == person_id else secrets.token_urlsafe(32)
    new = insert(row).values(token_hash=hash_of(token), person_id=person_id, seen_at=clock.now())
    db.execute(new.on_conflict_do_update(index_elements=[row.token_hash], set_={"seen_at": clock.now()}))
    latest = sa.select(row.token_hash).where(row.person_id == person_id).order_by(row.seen_at.desc()).limit(KEPT)
    db.execute(sa.delete(row).where(row.person_id == person_id, row.token_hash.not_in(latest)))
    return token


def is_known(db: Session, token: str | None, email: str) -> bool:
    """Whether the person with this e-mail address has signed in with this browser."""
    if not token:
        return False
    owner = sa.select(PersonRow.id).where(PersonRow.email == email).scalar_subquery()
    mine = sa.and_(KnownDeviceRow.token_hash == hash_of(token), KnownDeviceRow.person_id == owner, _lasts())
    return db.scalar(sa.select(sa.exists().where(mine))) is True


def delete_old_devices(db: Session) -> int:
    """Run by the timer; the answer is how many went."""
    gone = sa.delete(KnownDeviceRow).where(sa.not_(_lasts())).returning(KnownDeviceRow.token_hash)
    return len(db.scalars(gone).all())


def _lasts() -> sa.ColumnElement[bool]:
    return KnownDeviceRow.seen_at > clock.now() - DEVICE_KNOWN_FOR
