"""Whose account an identity of another provider opens: by subject once it is known, by a proven address before."""

from uuid import UUID

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import CodeNeeded, Email, Newcomer, Person, SignedIn
from app.admissions.invitations import admit_invited
from app.admissions.schemas import Claimed, Identity
from app.admissions.sign_ups import sign_up_open
from app.admissions.tables import IdentityRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.settings import settings

LINK_LOCK = 74_219_014
MAX_NAME = 120

log = structlog.get_logger()


class NotAdmitted(Forbidden):
    """You may not sign in here in this way. Ask an administrator of this installation."""


class EmailUnproven(Forbidden):
    """The provider does not say that your e-mail address is yours. Confirm it there, then sign in again."""


class NoOtherWayIn(Conflict):
    """Without this identity you could not sign in any more. Choose a password first."""


def admit_identity(
    db: Session, claimed: Claimed, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded | NotAdmitted | EmailUnproven:
    """A refusal is given and not raised: it is on the trail, so the caller must commit it."""
    door = SYSTEM.model_copy(update={"name": "Unknown person", "ip": ip})
    known = sa.select(IdentityRow).where(IdentityRow.issuer == claimed.issuer, IdentityRow.subject == claimed.subject)
    row = db.scalar(known)
    if row is None:  # of two browsers of the same person, one links
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(LINK_LOCK)))
        row = db.scalar(known)
    try:
        person = _owner(db, row) if row else _newly_linked(db, claimed, ip)
    except (NotAdmitted, EmailUnproven) as refused:
        audit.record(db, door, Action.session_refused, "another provider", reason=refused.code, issuer=claimed.issuer)
        return refused
    row = row or db.scalars(known).one()
    row.last_used_at, row.email = clock.now(), _shown(claimed.email) or row.email
    return accounts.begin_sign_in(db, person.id, ip=ip, user_agent=user_agent)


def note_refused_proof(db: Session, *, ip: str | None) -> None:
    """Somebody came back from the provider with something that cannot be trusted."""
    door = SYSTEM.model_copy(update={"name": "Unknown person", "ip": ip})
    audit.record(db, door, Action.session_refused, "another provider", reason="ProofRefused")


def identities(db: Session, actor: Actor, person_id: UUID | None) -> list[Identity]:
    """One's own, or as an administrator anybody's."""
    if person_id != actor.id:
        require_role(actor, Role.admin)
    of = sa.select(IdentityRow).where(IdentityRow.person_id == person_id).order_by(IdentityRow.created_at)
    return [Identity.model_validate(row) for row in db.scalars(of)]


def unlink_identity(db: Session, actor: Actor, identity_id: UUID) -> None:
    """One's own, or as an administrator anybody's. The door has asked for the password again. Raises NoOtherWayIn."""
    row = db.get(IdentityRow, identity_id, with_for_update=True)
    if row is None or (row.person_id != actor.id and actor.role is not Role.admin):
        raise NotFound("There is no such identity of yours.")
    if row.person_id == actor.id and not accounts.has_password(db, actor):
        raise NoOtherWayIn
    db.delete(row)
    audit.record(db, actor, Action.identity_unlinked, row.person_id, issuer=row.issuer, identity=row.subject)
    db.flush()


def _owner(db: Session, row: IdentityRow) -> Person:
    person = accounts.active_person(db, row.person_id)
    if person is None:
        raise NotAdmitted
    return person


def _newly_linked(db: Session, claimed: Claimed, ip: str | None) -> Person:
    email = _proven(claimed)
    person = accounts.person_with_email(db, email)
    if person is None:
        person = _admitted(db, email, _readable(claimed.name) or email.partition("@")[0], ip)
    elif not person.is_active or not accounts.email_is_proven(db, person.id) or _has_another(db, claimed, person):
        # Deactivated; or whoever made that account never showed that the address is theirs; or the provider has
        # given the address of somebody who left to somebody new.
        log.warning("oidc_not_linked", person_id=str(person.id), active=person.is_active)
        raise NotAdmitted
    now = clock.now()
    db.add(
        IdentityRow(
            issuer=claimed.issuer, subject=claimed.subject, person_id=person.id, email=email, created_at=now,
            last_used_at=now,
        )
    )  # fmt: skip
    db.flush()
    actor = accounts.actor_of(db, person.id).model_copy(update={"ip": ip})
    audit.record(db, actor, Action.identity_linked, person.id, issuer=claimed.issuer, identity=claimed.subject)
    return person


def _admitted(db: Session, email: str, name: str, ip: str | None) -> Person:
    """Somebody new, where the operator lets people in: with an invitation, or because anybody may come."""
    if not accounts.anybody_exists(db):  # the first account is made at the set-up
        raise NotAdmitted
    door = SYSTEM.model_copy(update={"ip": ip})
    if invited := admit_invited(db, email, name[:MAX_NAME], ip=ip):
        return invited
    if not sign_up_open():
        raise NotAdmitted
    new = Newcomer(email=email, name=name[:MAX_NAME], role=Role(settings().signup_role))
    person = accounts.admit_person(db, door, new)
    actor = accounts.actor_of(db, person.id).model_copy(update={"ip": ip})
    audit.record(db, actor, Action.person_signed_up, person.id, email=person.email, role=person.role)
    return person


def _proven(claimed: Claimed) -> str:
    """ASCII only: other letters can become those of somebody else's address in lower case. Raises EmailUnproven."""
    if not claimed.email_verified or not claimed.email.isascii() or not claimed.email.isprintable():
        raise EmailUnproven
    try:
        return TypeAdapter[str](Email).validate_python(claimed.email)
    except ValidationError as error:
        raise EmailUnproven from error


def _has_another(db: Session, claimed: Claimed, person: Person) -> bool:
    same = sa.select(IdentityRow.id).where(IdentityRow.person_id == person.id, IdentityRow.issuer == claimed.issuer)
    return db.scalar(same.limit(1)) is not None


def _shown(email: str) -> str:
    return _readable(email)[:254]


def _readable(text: str) -> str:
    """One line of letters; what a provider sends may hold anything."""
    whole = text.encode(errors="replace").decode()
    return " ".join("".join(letter if letter.isprintable() else " " for letter in whole).split())
