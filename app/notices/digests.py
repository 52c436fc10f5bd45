"""Mails that gather what somebody has not read: which are due, and taking one in hand."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import Actor
from app.notices.occasion import Occasion, occasion
from app.notices.schemas import Digest, MailMode, Notice
from app.notices.sight import still_seen
from app.notices.tables import DigestRow, NoticeRow, NoticeSettingsRow


def due_digests(db: Session, now: datetime) -> list[UUID]:
    """Whose mail has come due, of those who may still sign in. Three queries, whatever there is."""
    waiting = sa.and_(
        NoticeRow.person_id == NoticeSettingsRow.person_id,
        NoticeRow.read_at.is_(None),
        NoticeRow.mailed_at.is_(None),
        NoticeRow.at >= NoticeSettingsRow.mail_since,
    )
    query = sa.select(NoticeSettingsRow, sa.func.min(NoticeRow.at)).join(NoticeRow, waiting)
    query = query.where(NoticeSettingsRow.mail != MailMode.off.value).group_by(NoticeSettingsRow.person_id)
    query = query.order_by(NoticeSettingsRow.person_id).execution_options(populate_existing=True)
    found = [(row, _occasion(row, now), oldest) for row, oldest in db.execute(query).tuples()]
    due = {(row.person_id, at.key) for row, at, oldest in found if oldest < at.until}
    if not due:
        return []
    made = sa.select(DigestRow.person_id, DigestRow.occasion)
    made = made.where(sa.tuple_(DigestRow.person_id, DigestRow.occasion).in_(due))
    left = {person_id for person_id, _ in due - set(db.execute(made).tuples())}
    return sorted(person_id for person_id, (_, is_active) in accounts.entries_of(db, left).items() if is_active)


def take_digest(db: Session, actor: Actor, now: datetime) -> Digest | None:
    """The caller's transaction holds it: commit = it was made. None when there is nothing to tell, or it was made."""
    assert actor.id
    row = db.get(NoticeSettingsRow, actor.id, populate_existing=True)
    if row is None or row.mail == MailMode.off:
        return None
    at = _occasion(row, now)
    taken = insert(DigestRow).values(person_id=actor.id, occasion=at.key, at=now, notices=0)
    if db.scalar(taken.on_conflict_do_nothing().returning(DigestRow.occasion)) is None:
        return None
    told = _mark_mailed(db, actor, row, at, now)
    if not told:
        return None
    this = sa.and_(DigestRow.person_id == actor.id, DigestRow.occasion == at.key)
    db.execute(sa.update(DigestRow).where(this).values(notices=len(told)))
    return Digest(person_id=actor.id, occasion=at.key, mail=MailMode(row.mail), notices=told)


def _mark_mailed(db: Session, actor: Actor, row: NoticeSettingsRow, at: Occasion, now: datetime) -> list[Notice]:
    change = (
        sa.update(NoticeRow)
        .where(
            NoticeRow.person_id == actor.id,
            NoticeRow.read_at.is_(None),
            NoticeRow.mailed_at.is_(None),
            NoticeRow.at >= row.mail_since,
            NoticeRow.at < at.until,
            still_seen(actor),
        )
        .values(mailed_at=now)
        .returning(NoticeRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    rows = sorted(db.scalars(change), key=lambda each: (each.at, each.id))
    return [Notice.model_validate(each) for each in rows]


def _occasion(row: NoticeSettingsRow, now: datetime) -> Occasion:
    return occasion(MailMode(row.mail), row.hour, row.zone, now)
