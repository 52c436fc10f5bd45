"""Invitations: an administrator offers a place, and whoever reads mail to that address takes it, once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import CodeNeeded, Newcomer, Person, PersonCreate, SignedIn
from app.admissions import letters
from app.admissions.schemas import Acceptance, Invitation, InvitationCreate, NewInvitation, State
from app.admissions.tables import InvitationRow
from app.admissions.tokens import LinkUnusable, link_to, new_token
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.db import unless_taken
from app.core.errors import Conflict, NotFound
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.deliveries import service as deliveries
from app.sharing import service as sharing
from app.sharing.schemas import MemberAdd

LASTS = timedelta(hours=24)
PATH = "/auth/invitation"


class AlreadyInvited(Conflict):
    """This address is invited already. Send that invitation again, or revoke it first."""


class InvitationOver(Conflict):
    """This invitation was accepted or revoked. Make a new one."""


class InvitationsOff(Conflict):
    """Nobody can be invited while SIGNUP is `closed`. Add the person by hand instead."""


class InvitationUnusable(LinkUnusable):
    """This invitation was used already, was revoked, or has expired. Ask for a new one."""


def invite(db: Session, actor: Actor, new: InvitationCreate) -> NewInvitation:
    """By mail; when none can be sent, the answer holds the link, this once."""
    require_role(actor, Role.admin)
    _check_allowed()
    if accounts.person_with_email(db, new.email):
        raise accounts.EmailTaken(f"Somebody already has the e-mail address {new.email}.")
    for team_id in new.team_ids:
        sharing.team(db, actor, team_id)
    token, now = new_token(), clock.now()
    row = InvitationRow(
        email=new.email,
        role=new.role.value,
        team_ids=new.team_ids,
        invited_by=actor.id,
        token_hash=accounts.hash_of(token),
        by_mail=deliveries.can_send_letters(db),
        created_at=now,
        sent_at=now,
        expires_at=now + LASTS,
    )
    taken = AlreadyInvited(f"{row.email} is invited already. Send that invitation again, or revoke it.")
    with unless_taken(db, taken):
        db.add(row)
    audit.record(db, actor, Action.invitation_created, row.id, email=row.email, role=row.role)
    return _sent(db, actor, row, token)


def send_again(db: Session, actor: Actor, invitation_id: UUID) -> NewInvitation:
    """With a new link, for as long as a new invitation, in the name of who sends it; the older link is void."""
    row = access_invitation(db, actor, invitation_id)
    _check_allowed()
    if row.accepted_at or row.revoked_at:
        raise InvitationOver
    token, row.invited_by = new_token(), actor.id
    row.token_hash, row.by_mail = accounts.hash_of(token), deliveries.can_send_letters(db)
    row.sent_at, row.expires_at = clock.now(), clock.now() + LASTS
    audit.record(db, actor, Action.invitation_sent, row.id, email=row.email)
    return _sent(db, actor, row, token)


def revoke_invitation(db: Session, actor: Actor, invitation_id: UUID) -> Invitation:
    """Its link is void at once. Revoking twice is fine."""
    row = access_invitation(db, actor, invitation_id)
    if row.accepted_at:
        raise InvitationOver("This invitation was accepted: there is a person now, who can be deactivated.")
    if not row.revoked_at:
        row.revoked_at = clock.now()
        audit.record(db, actor, Action.invitation_revoked, row.id, email=row.email)
    db.flush()
    return _seen(row)


def invitations_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Invitation]:
    """Newest first, those that are over too."""
    require_role(actor, Role.admin)
    by, show = (InvitationRow.created_at, InvitationRow.id), partial(_seen, stands=_stands(db))
    return fetch_page(db, sa.select(InvitationRow), show, *by, limit=limit, cursor=cursor, newest_first=True)


def access_invitation(db: Session, actor: Actor, invitation_id: UUID) -> InvitationRow:
    require_role(actor, Role.admin)
    row = db.get(InvitationRow, invitation_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such invitation.")
    return row


def open_invitation(db: Session, token: str) -> Invitation | None:
    """What this link offers; looking does not use it up."""
    row = db.scalar(sa.select(InvitationRow).where(*_usable(token)))
    return _seen(row) if row else None


def accept_invitation(
    db: Session, token: str, given: Acceptance, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded:
    """Exactly once, and only as a whole: whatever is refused leaves the invitation open. Raises InvitationUnusable."""
    row = _take(db, *_usable(token))
    if row is None:
        raise InvitationUnusable
    person = accounts.create_person(
        db, SYSTEM.model_copy(update={"ip": ip}), PersonCreate(email=row.email, role=Role(row.role), **dict(given))
    )
    _welcome(db, row, person, ip)
    return accounts.begin_sign_in(db, person.id, ip=ip, user_agent=user_agent)


def admit_invited(db: Session, email: str, name: str, *, ip: str | None = None) -> Person | None:
    """Another provider has shown that this address is theirs, which is all that the link would show."""
    row = _take(db, InvitationRow.email == email, *_open())
    if row is None:
        return None
    new = Newcomer(email=row.email, name=name, role=Role(row.role))
    person = accounts.admit_person(db, SYSTEM.model_copy(update={"ip": ip}), new)
    _welcome(db, row, person, ip)
    return person


def _take(db: Session, *which: sa.ColumnElement[bool]) -> InvitationRow | None:
    return db.scalar(sa.update(InvitationRow).where(*which).values(accepted_at=clock.now()).returning(InvitationRow))


def _welcome(db: Session, row: InvitationRow, person: Person, ip: str | None) -> None:
    for team_id in row.team_ids:
        with suppress(NotFound):  # it was deleted since
            door = SYSTEM.model_copy(update={"ip": ip})
            sharing.add_member(db, door, team_id, MemberAdd(person_id=person.id))
    newcomer = accounts.actor_of(db, person.id).model_copy(update={"ip": ip})
    audit.record(db, newcomer, Action.invitation_accepted, row.id, email=row.email, role=row.role)


def _check_allowed() -> None:
    if settings().signup == "closed":
        raise InvitationsOff


def _usable(token: str) -> list[sa.ColumnElement[bool]]:
    return [InvitationRow.token_hash == accounts.hash_of(token), *_open()]


def _open() -> list[sa.ColumnElement[bool]]:
    """An offer of somebody who may not make it any more is none: it may be their own way back in."""
    row = InvitationRow
    return [
        sa.or_(row.invited_by.is_(None), row.invited_by.in_(accounts.administrators())),
        row.accepted_at.is_(None),
        row.revoked_at.is_(None),
        row.expires_at > clock.now(),
        sa.literal(settings().signup != "closed"),
    ]


def _sent(db: Session, actor: Actor, row: InvitationRow, token: str) -> NewInvitation:
    link = link_to(PATH, token)
    db.flush()
    if row.by_mail:
        letter = letters.invitation(row.email, actor, link, row.expires_at)
        deliveries.send_letter(db, letter, unique_key=f"invitation:{row.id}:{uuid4()}")
    return NewInvitation(**dict(_seen(row)), link=None if row.by_mail else link)


def _stands(db: Session) -> Callable[[InvitationRow], bool]:
    vouching = {None, *db.scalars(accounts.administrators())}
    return lambda row: row.invited_by in vouching


def _seen(row: InvitationRow, *, stands: Callable[[InvitationRow], bool] = lambda _row: True) -> Invitation:
    facts = {name: getattr(row, name) for name in Invitation.model_fields if name != "state"}
    state = _state(row)
    return Invitation(**facts, state=state if state is not State.open or stands(row) else State.expired)


def _state(row: InvitationRow) -> State:
    if row.accepted_at:
        return State.accepted
    if row.revoked_at:
        return State.revoked
    return State.open if row.expires_at > clock.now() else State.expired
