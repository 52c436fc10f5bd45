"""Accounts over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.accounts import service as accounts
from app.accounts.schemas import (
    ApiKey,
    KeyCreate,
    NewKey,
    PasswordChange,
    Person,
    PersonChange,
    PersonCreate,
    ProfileChange,
    Session,
)
from app.accounts.web import Caller, Db, Limit, SessionToken
from app.audit import service as audit
from app.audit.schemas import AuditEntry
from app.core.actor import Role, require_role
from app.core.errors import Invalid
from app.core.paging import Page

router = APIRouter(tags=["accounts"])


@router.get("/me")
def read_me(db: Db, caller: Caller) -> Person:
    """Who the key or the session belongs to."""
    return accounts.me(db, caller)


@router.patch("/me")
def change_me(db: Db, caller: Caller, change: ProfileChange) -> Person:
    """Name and job title; a new e-mail address needs the current password."""
    return accounts.change_profile(db, caller, change)


@router.post("/me/password", status_code=204)
def change_my_password(db: Db, caller: Caller, token: SessionToken, change: PasswordChange) -> None:
    """Ends every other session."""
    current = accounts.current_session(db, token) if token else None
    accounts.change_password(db, caller, change, keep_session=current.id if current else None)


@router.get("/people")
def list_people(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Person]:
    """By e-mail address; for administrators."""
    return accounts.people_page(db, caller, limit=limit, cursor=cursor)


@router.post("/people", status_code=201)
def create_person(db: Db, caller: Caller, new: PersonCreate) -> Person:
    """They can sign in at once."""
    return accounts.create_person(db, caller, new)


@router.patch("/people/{person_id}")
def change_person(db: Db, caller: Caller, person_id: UUID, change: PersonChange) -> Person:
    """Role, password, or whether they may sign in; holds from their next request."""
    return accounts.change_person(db, caller, person_id, change)


@router.get("/keys")
def list_keys(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[ApiKey]:
    """Your own, newest first, revoked ones too."""
    return accounts.keys_page(db, caller, limit=limit, cursor=cursor)


@router.post("/keys", status_code=201)
def create_key(db: Db, caller: Caller, new: KeyCreate, response: Response) -> NewKey:
    """The answer holds the key, this once: sending the request again does not show it again."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.create_key(db, caller, new)


@router.delete("/keys/{key_id}")
def revoke_key(db: Db, caller: Caller, key_id: UUID) -> ApiKey:
    """At once; the key stays on the list."""
    return accounts.revoke_key(db, caller, key_id)


@router.get("/sessions")
def list_sessions(
    db: Db, caller: Caller, token: SessionToken, limit: Limit = 50, cursor: str | None = None
) -> Page[Session]:
    """Where you are signed in, the latest activity first."""
    current = accounts.current_session(db, token) if token else None
    return accounts.sessions_page(db, caller, current=current.id if current else None, limit=limit, cursor=cursor)


@router.post("/sessions/extend")
def extend_session(db: Db, _caller: Caller, token: SessionToken) -> Session:
    """Counts as activity now; the absolute end stays."""
    if (extended := accounts.extend(db, token or "")) is None:
        raise Invalid("Only a browser's session can be extended; an API key has none.")
    return extended


@router.delete("/sessions/{session_id}", status_code=204)
def revoke_session(db: Db, caller: Caller, session_id: UUID) -> None:
    """Signs that browser out."""
    accounts.revoke_session(db, caller, session_id)


@router.get("/audit")
def list_audit(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[AuditEntry]:
    """Who did what and when, newest first; for administrators."""
    require_role(caller, Role.admin)
    return audit.entries_page(db, limit=limit, cursor=cursor)
