"""Signed-in browsers. The server-side row decides; the cookie is only its key."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from app.accounts.people import actor_from
from app.accounts.schemas import Person, Session
from app.accounts.tables import KnownDeviceRow, PersonRow, SessionRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import NotFound
from app.core.paging import Page, fetch_page
from app.core.settings import settings

TOUCH_EVERY = timedelta(minutes=1)


def start_session(db: DbSession, person: Person, *, ip: str | None = None, user_agent: str = "") -> str:
    """Signs in somebody who has just proved who they are in another way; the answer is the token."""
    return _start(db, db.get_one(PersonRow, person.id), ip=ip, user_agent=user_agent)


def actor_of_session(
    db: DbSession, token: str | None, *, ip: str | None = None, is_activity: bool = True
) -> Actor | None:
    """None once it was idle or open too long, was ended, or its person was deactivated."""
    found = db.execute(_live(token or "").with_only_columns(SessionRow, PersonRow)).first() if token else None
    if found is None:
        return None
    session, person = found
    if is_activity and clock.now() - session.last_seen_at >= _touch_every():
        _touch(db, session.id)
    return actor_from(person, ip or session.ip)


def live_tokens(db: DbSession, token_hashes: Collection[str]) -> set[str]:
    """Which of these sessions still hold. Looking does not count as activity."""
    return set(db.scalars(_live_sessions().where(SessionRow.token_hash.in_(token_hashes))))


def current_session(db: DbSession, token: str) -> Session | None:
    row = db.scalar(_live(token).with_only_columns(SessionRow))
    return _session(row, current=row.id) if row else None


def sessions(db: DbSession, actor: Actor, *, current: UUID | None = None) -> list[Session]:
    """Where this person is signed in, the latest activity first."""
    query = _sessions_of(actor).order_by(SessionRow.last_seen_at.desc())
    return [_session(row, current=current) for row in db.scalars(query)]


def sessions_page(
    db: DbSession, actor: Actor, *, current: UUID | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Session]:
    by, show = (SessionRow.last_seen_at, SessionRow.id), partial(_session, current=current)
    return fetch_page(db, _sessions_of(actor), show, *by, limit=limit, cursor=cursor, newest_first=True)


def extend(db: DbSession, token: str) -> Session | None:
    """Counts as activity right now, whatever the last time was. The absolute end stays."""
    row = db.scalar(_live(token).with_only_columns(SessionRow).with_for_update(of=SessionRow))
    if row is None:
        return None
    row.last_seen_at = clock.now()
    return _session(row, current=row.id)


def sign_out(db: DbSession, token: str | None, *, ip: str | None = None) -> None:
    """Signing out twice is fine."""
    found = db.execute(_live(token or "").with_only_columns(SessionRow, PersonRow)).first()
    if found:
        audit.record(db, actor_from(found[1], ip), Action.session_ended, found[0].id)
        db.execute(sa.delete(SessionRow).where(SessionRow.id == found[0].id))


def revoke_session(db: DbSession, actor: Actor, session_id: UUID) -> None:
    """One's own, from any of one's browsers. Raises NotFound."""
    owned = sa.delete(SessionRow).where(SessionRow.id == session_id, SessionRow.person_id == actor.id)
    if db.scalar(owned.returning(SessionRow.id)) is None:
        raise NotFound("There is no such session of yours.")
    audit.record(db, actor, Action.session_ended, session_id, revoked=True)


def end_other_sessions(db: DbSession, actor: Actor, *, keep: UUID | None = None) -> int:
    """Everywhere else at once; `keep` is the browser that asks. The answer is how many were ended."""
    _forget_devices(db, actor.id)
    others = sa.delete(SessionRow).where(SessionRow.person_id == actor.id)
    return _end(db, actor, others if keep is None else others.where(SessionRow.id != keep))


def end_sessions_of(db: DbSession, actor: Actor, person_id: UUID) -> int:
    """Signs somebody out everywhere; for administrators. The answer is how many sessions were ended."""
    require_role(actor, Role.admin)
    if db.get(PersonRow, person_id) is None:
        raise NotFound("There is no such person.")
    _forget_devices(db, person_id)
    return _end(db, actor, sa.delete(SessionRow).where(SessionRow.person_id == person_id))


def _forget_devices(db: DbSession, person_id: UUID | None) -> None:
    """A browser that was left behind counts as a stranger's from now on."""
    db.execute(sa.delete(KnownDeviceRow).where(KnownDeviceRow.person_id == person_id))


def delete_expired_sessions(db: DbSession) -> int:
    """Run by the timer; the answer is how many went."""
    gone = sa.delete(SessionRow).where(sa.not_(_in_time())).returning(SessionRow.id)
    return len(db.scalars(gone).all())


def hash_of(token: str) -> str:
    """The token has 256 random bits: a fast hash is enough, there is nothing to guess."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _end(db: DbSession, actor: Actor, these: sa.Delete) -> int:
    ended = db.scalars(these.returning(SessionRow.id)).all()
    for session_id in ended:
        audit.record(db, actor, Action.session_ended, session_id, revoked=True)
    return len(ended)


def _start(db: DbSession, person: PersonRow, *, ip: str | None, user_agent: str) -> str:
    token, now = secrets.token_urlsafe(32), clock.now()
    person.last_sign_in_at = now
    row = SessionRow(
        token_hash=hash_of(token),
        person_id=person.id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(seconds=settings().session_max_age),
        ip=ip,
        user_agent=user_agent[:300],
    )
    db.add(row)
    db.flush()
    audit.record(db, actor_from(person, ip), Action.session_started, row.id)
    return token


def _touch_every() -> timedelta:
    """Far shorter than the idle limit, or somebody at work would be signed out."""
    return min(TOUCH_EVERY, timedelta(seconds=settings().session_timeout / 10))


def _in_time() -> sa.ColumnElement[bool]:
    return sa.and_(SessionRow.last_seen_at > _idle_limit(), SessionRow.expires_at > clock.now())


def _idle_limit() -> datetime:
    return clock.now() - timedelta(seconds=settings().session_timeout)


def _live_sessions() -> sa.Select[str]:
    query = sa.select(SessionRow.token_hash).join(PersonRow, PersonRow.id == SessionRow.person_id)
    return query.where(PersonRow.is_active, _in_time())


def _sessions_of(actor: Actor) -> sa.Select[SessionRow]:
    return _live_sessions().with_only_columns(SessionRow).where(SessionRow.person_id == actor.id)


def _live(token: str) -> sa.Select[str]:
    return _live_sessions().where(SessionRow.token_hash == hash_of(token))


def _touch(db: DbSession, session_id: UUID) -> None:
    """Skips when another request holds the row: that one is touching it already."""
    free = sa.select(SessionRow.id).where(SessionRow.id == session_id).with_for_update(skip_locked=True)
    db.execute(
        sa.update(SessionRow)
        .where(SessionRow.id.in_(free.scalar_subquery()))
        .values(last_seen_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _session(row: SessionRow, *, current: UUID | None) -> Session:
    idle_end = row.last_seen_at + timedelta(seconds=settings().session_timeout)
    return Session(
        id=row.id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        ends_at=min(idle_end, row.expires_at),
        expires_at=row.expires_at,
        ip=row.ip,
        user_agent=row.user_agent,
        is_current=row.id == current,
    )
