"""What administrators see and end of the access that other people have."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from app.accounts.keys import keys_page
from app.accounts.people import actor_of
from app.accounts.schemas import ApiKey, Session
from app.accounts.sessions import sessions_page
from app.accounts.tables import SessionRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor, Role, require_role
from app.core.errors import NotFound
from app.core.paging import Page


def sessions_of(
    db: DbSession, actor: Actor, person_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[Session]:
    """Where somebody is signed in, the latest activity first."""
    return sessions_page(db, _somebody(db, actor, person_id), limit=limit, cursor=cursor)


def end_session_of(db: DbSession, actor: Actor, person_id: UUID, session_id: UUID) -> None:
    """That browser is out at its next request, and its open tabs within seconds. Raises NotFound."""
    _somebody(db, actor, person_id)
    ended = sa.delete(SessionRow).where(SessionRow.id == session_id, SessionRow.person_id == person_id)
    if db.scalar(ended.returning(SessionRow.id)) is None:
        raise NotFound("There is no such session. It may have ended already.")
    audit.record(db, actor, Action.session_ended, session_id, revoked=True, person=str(person_id))


def keys_of(
    db: DbSession, actor: Actor, person_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[ApiKey]:
    """Newest first, revoked ones too."""
    return keys_page(db, _somebody(db, actor, person_id), limit=limit, cursor=cursor)


def _somebody(db: DbSession, actor: Actor, person_id: UUID) -> Actor:
    """Raises Forbidden, NotFound."""
    require_role(actor, Role.admin)
    return actor_of(db, person_id)
