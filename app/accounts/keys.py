"""Keys for scripts: a person's rights without a browser, narrowed by scopes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.people import actor_from
from app.accounts.schemas import ApiKey, KeyCreate, NewKey, Scope
from app.accounts.sessions import hash_of
from app.accounts.tables import ApiKeyRow, PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.paging import Page, fetch_page

PREFIX = "ar_"
SHOWN = len(PREFIX) + 6
MAX_KEYS = 50
USED_EVERY = timedelta(minutes=1)


class ScopeTooNarrow(Forbidden):
    """This key may only read. Use one with the scope write."""


class OutlivesItsMaker(Invalid):
    """A key that is made with another key ends with it at the latest."""


class TooManyKeys(Conflict):
    """You have 50 valid keys, the most that one person may have. Revoke one that is not used any more."""


def create_key(db: Session, actor: Actor, new: KeyCreate, *, until: datetime | None = None) -> NewKey:
    """The key itself is in the answer and nowhere else. `until` is the end of the key that makes it, if it has one."""
    if actor.id is None:
        raise Invalid("A key belongs to a person; the system itself has none.")
    if Scope.admin in new.scopes:
        require_role(actor, Role.admin)
    now = clock.now()
    if new.expires_at and (new.expires_at.tzinfo is None or new.expires_at <= now):
        raise Invalid(f"expires_at must be a time with zone in the future, not {new.expires_at.isoformat()}.")
    if until and (new.expires_at is None or new.expires_at > until):
        raise OutlivesItsMaker(f"expires_at: a key made with a key ends with it, by {until.isoformat()}.")
    _require_room(db, actor)
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiKeyRow(
        person_id=actor.id,
        name=new.name,
        prefix=key[:SHOWN],
        key_hash=hash_of(key),
        scopes=sorted({scope.value for scope in new.scopes}),
        created_at=now,
        expires_at=new.expires_at,
    )
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.key_created, row.id, name=new.name, scopes=row.scopes)
    return NewKey(**ApiKey.model_validate(row).model_dump(), key=key)


def keys(db: Session, actor: Actor) -> list[ApiKey]:
    """One's own, the newest first, revoked ones too: a trace in a log can still be told."""
    query = sa.select(ApiKeyRow).where(ApiKeyRow.person_id == actor.id).order_by(ApiKeyRow.created_at.desc())
    return [ApiKey.model_validate(row) for row in db.scalars(query)]


def keys_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[ApiKey]:
    query = sa.select(ApiKeyRow).where(ApiKeyRow.person_id == actor.id)
    by, show = (ApiKeyRow.created_at, ApiKeyRow.id), ApiKey.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=True)


def revoke_key(db: Session, actor: Actor, key_id: UUID) -> ApiKey:
    """One's own; administrators may revoke anybody's. Revoking twice is fine."""
    row = db.scalar(sa.select(ApiKeyRow).where(ApiKeyRow.id == key_id).with_for_update())
    if row is None or (row.person_id != actor.id and not actor.role.includes(Role.admin)):
        raise NotFound("There is no such key of yours.")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        audit.record(db, actor, Action.key_revoked, row.id, name=row.name)
    db.flush()
    return ApiKey.model_validate(row)


@dataclass(frozen=True)
class KeyInUse:
    id: UUID
    actor: Actor
    may_change: bool
    expires_at: datetime | None = None


def actor_of_key(db: Session, key: str, *, ip: str | None = None, changes: bool = False) -> Actor | None:
    """Raises ScopeTooNarrow when `changes` are meant and the key may only read."""
    found = key_in_use(db, key, ip=ip)
    if found and changes and not found.may_change:
        raise ScopeTooNarrow
    return found.actor if found else None


def key_in_use(db: Session, key: str, *, ip: str | None = None) -> KeyInUse | None:
    """None when unknown, revoked, expired or its person is deactivated.

    Without the scope admin, an administrator's key acts as author.
    """
    query = sa.select(ApiKeyRow, PersonRow).join(PersonRow, PersonRow.id == ApiKeyRow.person_id)
    found = db.execute(query.where(ApiKeyRow.key_hash == hash_of(key), PersonRow.is_active, _valid())).first()
    if found is None:
        return None
    row, person = found
    scopes = {Scope(scope) for scope in row.scopes}
    _note_use(db, row, ip)
    actor = actor_from(person, ip)
    narrowed = actor.role is Role.admin and Scope.admin not in scopes
    actor = actor.model_copy(update={"role": Role.author}) if narrowed else actor
    return KeyInUse(row.id, actor, may_change=scopes != {Scope.read}, expires_at=row.expires_at)


def _require_room(db: Session, actor: Actor) -> None:
    """Each key has its own allowance of requests, so a person cannot have any number of them."""
    live = sa.select(sa.func.count()).select_from(ApiKeyRow).where(ApiKeyRow.person_id == actor.id, _valid())
    if db.scalars(live).one() >= MAX_KEYS:
        raise TooManyKeys


def _valid() -> sa.ColumnElement[bool]:
    lasts = sa.or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > clock.now())
    return sa.and_(ApiKeyRow.revoked_at.is_(None), lasts)


def _note_use(db: Session, row: ApiKeyRow, ip: str | None) -> None:
    now = clock.now()
    if row.last_used_at is None or now - row.last_used_at >= USED_EVERY:
        free = sa.select(ApiKeyRow.id).where(ApiKeyRow.id == row.id).with_for_update(skip_locked=True)
        db.execute(
            sa.update(ApiKeyRow)
            .where(ApiKeyRow.id.in_(free.scalar_subquery()))
            .values(last_used_at=now, last_used_ip=ip)
            .execution_options(synchronize_session=False)
        )
