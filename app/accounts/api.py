"""Accounts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import StreamingResponse

from app.accounts import limits
from app.accounts import service as accounts
from app.accounts.schemas import (
    ApiKey,
    Code,
    Enrolment,
    KeyCreate,
    NewKey,
    PasswordAgain,
    PasswordChange,
    Person,
    PersonChange,
    PersonCreate,
    Policy,
    PolicyChange,
    ProfileChange,
    RecoveryCodes,
    Session,
    TwoFactor,
)
from app.accounts.web import PROVEN_JUST_NOW, Caller, Db, Limit, SessionToken
from app.audit import service as audit
from app.audit.schemas import Action, AuditEntry, AuditFilter
from app.core.actor import Actor, Role, require_role
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.paging import Page

router = APIRouter(tags=["accounts"])


def password_again(caller: Caller, token: SessionToken, again: PasswordAgain) -> None:
    """In a transaction of its own, because a wrong one counts although the request fails."""
    with transaction() as db:
        fits = accounts.confirm_password(db, caller, again.current_password, session_token=token)
    if not fits:
        raise accounts.WrongPassword


StillMe = Annotated[None, Depends(password_again)]


def pay_for_password(caller: Caller, change: PasswordChange) -> None:
    """In a transaction of its own, because a wrong password counts although the request fails."""
    _pay(caller)


def pay_for_profile(caller: Caller, change: ProfileChange) -> None:
    if change.email and change.current_password:
        _pay(caller)


def pay_for_code(caller: Caller, given: Code) -> None:
    with transaction() as db:
        limits.spend_set_up(db, caller.id)


def _pay(caller: Actor) -> None:
    with transaction() as db:
        limits.spend_confirmation(db, caller.id)


@router.get("/me")
def read_me(db: Db, caller: Caller) -> Person:
    """Who the key or the session belongs to."""
    return accounts.me(db, caller)


@router.patch("/me", dependencies=[Depends(pay_for_profile)])
def change_me(db: Db, caller: Caller, change: ProfileChange) -> Person:
    """Name and job title; a new e-mail address needs the current password."""
    return accounts.change_profile(db, caller, change)


@router.post("/me/password", status_code=204, dependencies=[Depends(pay_for_password)])
def change_my_password(db: Db, caller: Caller, token: SessionToken, change: PasswordChange) -> None:
    """Ends every other session."""
    current = accounts.current_session(db, token) if token else None
    accounts.change_password(db, caller, change, keep_session=current.id if current else None)


@router.get("/me/two-factor")
def read_two_factor(db: Db, caller: Caller) -> TwoFactor:
    """Whether it is on, whether your role must use it, and how many recovery codes are left."""
    return accounts.two_factor(db, caller)


@router.post("/me/two-factor", status_code=201)
def start_two_factor(_still_me: StillMe, db: Db, caller: Caller, response: Response) -> Enrolment:
    """A secret for an authenticator app; it counts once a code of it is confirmed. Needs your password."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.start_two_factor(db, caller)


@router.post("/me/two-factor/confirm", dependencies=[Depends(pay_for_code)])
def confirm_two_factor(db: Db, caller: Caller, given: Code, response: Response) -> RecoveryCodes:
    """Turns it on and answers the recovery codes, this once."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.confirm_two_factor(db, caller, given.code)


@router.post("/me/two-factor/recovery-codes", status_code=201)
def make_recovery_codes(_still_me: StillMe, db: Db, caller: Caller, response: Response) -> RecoveryCodes:
    """New ones, shown this once; the old ones are void. Needs your password."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.new_recovery_codes(db, caller)


@router.delete("/me/two-factor", status_code=204)
def turn_off_two_factor(_still_me: StillMe, db: Db, caller: Caller) -> None:
    """Needs your password; refused while your role must use it."""
    accounts.turn_off_two_factor(db, caller)


@router.get("/people")
def list_people(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Person]:
    """By e-mail address; for administrators."""
    return accounts.people_page(db, caller, limit=limit, cursor=cursor)


@router.post("/people", status_code=201)
def create_person(db: Db, caller: Caller, new: PersonCreate) -> Person:
    """They can sign in at once."""
    return accounts.create_person(db, caller, new)


@router.patch("/people/{person_id}", dependencies=[PROVEN_JUST_NOW])
def change_person(db: Db, caller: Caller, person_id: UUID, change: PersonChange) -> Person:
    """Role, password, or whether they may sign in; holds from their next request."""
    return accounts.change_person(db, caller, person_id, change)


@router.delete("/people/{person_id}/two-factor", status_code=204, dependencies=[PROVEN_JUST_NOW])
def reset_two_factor(db: Db, caller: Caller, person_id: UUID) -> None:
    """For somebody who lost phone and recovery codes; for administrators."""
    accounts.reset_two_factor(db, caller, person_id)


@router.delete("/people/{person_id}/sessions", status_code=204)
def end_sessions_of(db: Db, caller: Caller, person_id: UUID) -> None:
    """Signs somebody out everywhere; for administrators."""
    accounts.end_sessions_of(db, caller, person_id)


@router.get("/people/{person_id}/sessions")
def list_sessions_of(
    db: Db, caller: Caller, person_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[Session]:
    """Where somebody is signed in; for administrators."""
    return accounts.sessions_of(db, caller, person_id, limit=limit, cursor=cursor)


@router.delete("/people/{person_id}/sessions/{session_id}", status_code=204)
def end_session_of(db: Db, caller: Caller, person_id: UUID, session_id: UUID) -> None:
    """Signs somebody out of one browser; for administrators."""
    accounts.end_session_of(db, caller, person_id, session_id)


@router.get("/people/{person_id}/keys")
def list_keys_of(db: Db, caller: Caller, person_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[ApiKey]:
    """Somebody's keys, for administrators, who may revoke each."""
    return accounts.keys_of(db, caller, person_id, limit=limit, cursor=cursor)


@router.get("/policy")
def read_policy(db: Db, caller: Caller) -> Policy:
    """What is asked of everybody who signs in; for administrators."""
    return accounts.policy(db, caller)


@router.patch("/policy", dependencies=[PROVEN_JUST_NOW])
def change_policy(db: Db, caller: Caller, change: PolicyChange) -> Policy:
    """Holds from the next sign-in of each person; for administrators."""
    return accounts.change_policy(db, caller, change)


@router.get("/keys")
def list_keys(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[ApiKey]:
    """Your own, newest first, revoked ones too."""
    return accounts.keys_page(db, caller, limit=limit, cursor=cursor)


@router.post("/keys", status_code=201, dependencies=[PROVEN_JUST_NOW])
def create_key(db: Db, caller: Caller, new: KeyCreate, request: Request, response: Response) -> NewKey:
    """The answer holds the key, this once: sending the request again does not show it again."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.create_key(db, caller, new, until=getattr(request.state, "key_ends", None))


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


@router.delete("/sessions", status_code=204)
def end_other_sessions(_still_me: StillMe, db: Db, caller: Caller, token: SessionToken) -> None:
    """Signs you out everywhere but here. Needs your password."""
    current = accounts.current_session(db, token) if token else None
    accounts.end_other_sessions(db, caller, keep=current.id if current else None)


@router.delete("/sessions/{session_id}", status_code=204)
def revoke_session(db: Db, caller: Caller, session_id: UUID) -> None:
    """Signs that browser out."""
    accounts.revoke_session(db, caller, session_id)


@router.get("/audit")
def list_audit(
    db: Db, caller: Caller, wanted: Annotated[AuditFilter, Depends()], limit: Limit = 50, cursor: str | None = None
) -> Page[AuditEntry]:
    """Who did what and when, newest first; for administrators."""
    require_role(caller, Role.admin)
    return audit.entries_page(db, wanted, limit=limit, cursor=cursor)


@router.get("/audit/export/{format}", response_class=StreamingResponse)
def export_audit(db: Db, caller: Caller, format: str, wanted: Annotated[AuditFilter, Depends()]) -> StreamingResponse:
    """All entries that fit, oldest first, csv or ndjson; for administrators. The export is on the trail, too."""
    require_role(caller, Role.admin)
    if format not in audit.EXPORT_FORMATS:
        raise Invalid(f"{format!r} is not a format of this export. Formats are: {', '.join(audit.EXPORT_FORMATS)}.")
    kept = wanted.model_dump(mode="json", exclude_defaults=True)
    audit.record(db, caller, Action.trail_exported, format, only=kept)
    headers = {"Content-Disposition": f"attachment; filename=audit-trail.{format}"}
    return StreamingResponse(audit.export(wanted, format), media_type=audit.EXPORT_FORMATS[format], headers=headers)
