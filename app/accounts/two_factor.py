"""The second proof: an authenticator app, and recovery codes for when it is lost."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import recovery, totp
from app.accounts.news import Proof, tell
from app.accounts.policy import must_use_two_factor
from app.accounts.schemas import Enrolment, Person, RecoveryCodes, TwoFactor
from app.accounts.tables import PersonRow, TwoFactorRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, secrets
from app.core.actor import Actor, Role, require_role
from app.core.errors import Forbidden, Invalid, NotFound

MAX_CODE = 64


class WrongCode(Invalid):
    """This code is not right, was used already, or is too old. Enter the one that is shown now."""


class TwoFactorIsOff(Invalid):
    """Two-factor sign-in is off. Set it up first."""


class TwoFactorRequired(Forbidden):
    """Your role must use two-factor sign-in. You can set up another authenticator instead."""


def two_factor(db: Session, actor: Actor) -> TwoFactor:
    row = _row(db, actor)
    return TwoFactor(
        is_on=row is not None and row.confirmed_at is not None,
        since=row.confirmed_at if row else None,
        is_readable=row is None or row.secret is None or _readable(row.secret) is not None,
        is_required=_is_required(db, actor),
        recovery_codes_left=recovery.codes_left(db, _id(actor)),
    )


def start_two_factor(db: Session, actor: Actor) -> Enrolment:
    """A new secret, which replaces one that is in force only once a code of it was given."""
    secret = totp.new_secret()
    row = _row(db, actor, write=True) or TwoFactorRow(person_id=_id(actor))
    row.new_secret = secrets.encrypt(secret)
    db.add(row)
    db.flush()
    return offer(actor, secret)


def offer(actor: Actor, secret: str) -> Enrolment:
    return Enrolment(secret=secret, uri=totp.address_of(secret, actor.email))


def enrol(db: Session, actor: Actor, secret: str, code: str) -> RecoveryCodes:
    """Puts this secret in force, for somebody who has none. Raises WrongCode."""
    row = _row(db, actor, write=True) or TwoFactorRow(person_id=_id(actor))
    return _put_in_force(db, actor, row, secret, code)


def confirm_two_factor(db: Session, actor: Actor, code: str) -> RecoveryCodes:
    """Puts the new secret in force and makes new recovery codes. Raises WrongCode."""
    row = _row(db, actor, write=True)
    if row is None or row.new_secret is None:
        raise Invalid("There is nothing to confirm. Start the set-up first.")
    return _put_in_force(db, actor, row, _readable(row.new_secret), code)


def turn_off_two_factor(db: Session, actor: Actor) -> None:
    """Raises TwoFactorRequired. Turning it off twice is fine."""
    if _is_required(db, actor):
        raise TwoFactorRequired
    _delete(db, actor, _id(actor))


def reset_two_factor(db: Session, actor: Actor, person_id: UUID) -> None:
    """For somebody who lost the phone and the codes: the password alone is enough again, until they set it up anew."""
    require_role(actor, Role.admin)
    if db.get(PersonRow, person_id) is None:
        raise NotFound("There is no such person.")
    _delete(db, actor, person_id)


def new_recovery_codes(db: Session, actor: Actor) -> RecoveryCodes:
    if not is_enrolled(db, _id(actor)):
        raise TwoFactorIsOff
    audit.record(db, actor, Action.recovery_codes_renewed, _id(actor))
    return RecoveryCodes(codes=recovery.replace_codes(db, _id(actor)))


def is_enrolled(db: Session, person_id: UUID) -> bool:
    mine = sa.select(TwoFactorRow.person_id).where(TwoFactorRow.person_id == person_id)
    return db.scalar(mine.where(TwoFactorRow.confirmed_at.is_not(None))) is not None


def proves(db: Session, actor: Actor, code: str) -> bool:
    """Whether a code of the authenticator or a recovery code fits; either is used up by it."""
    if not is_enrolled(db, _id(actor)):
        return False
    if _takes_step(db, _id(actor), _typed(code)):
        return True
    if not recovery.use_code(db, _id(actor), code[:MAX_CODE]):
        return False
    audit.record(db, actor, Action.recovery_code_used, _id(actor), left=recovery.codes_left(db, _id(actor)))
    _tell(db, _id(actor), Proof.recovery_code)
    return True


def _put_in_force(db: Session, actor: Actor, row: TwoFactorRow, secret: str | None, code: str) -> RecoveryCodes:
    step = totp.step_of(secret, _typed(code), clock.now()) if secret else None
    if secret is None or step is None:
        raise WrongCode
    row.secret, row.new_secret = secrets.encrypt(secret), None
    row.confirmed_at, row.last_step = clock.now(), step
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.two_factor_enabled, _id(actor))
    _tell(db, _id(actor), Proof.two_factor_on)
    return RecoveryCodes(codes=recovery.replace_codes(db, _id(actor)))


def _takes_step(db: Session, person_id: UUID, code: str) -> bool:
    """One update decides: of two requests with the same code, the second finds its step taken."""
    stored = db.scalar(sa.select(TwoFactorRow.secret).where(TwoFactorRow.person_id == person_id))
    secret = _readable(stored) if stored else None
    step = totp.step_of(secret, code, clock.now()) if secret else None
    if step is None:
        return False
    later = sa.or_(TwoFactorRow.last_step.is_(None), TwoFactorRow.last_step < step)
    same = sa.and_(TwoFactorRow.person_id == person_id, TwoFactorRow.secret == stored)
    taken = sa.update(TwoFactorRow).where(same, later).values(last_step=step)
    return db.scalar(taken.returning(TwoFactorRow.person_id)) is not None


def _readable(stored: str) -> str | None:
    """None when the key that it was encrypted with is lost: the person is told, and recovery codes still work."""
    try:
        return secrets.decrypt(stored)
    except secrets.SecretUnreadable:
        return None


def _is_required(db: Session, actor: Actor) -> bool:
    """By the role of the person: a key may act with less."""
    return must_use_two_factor(db, Role(db.get_one(PersonRow, _id(actor)).role))


def _typed(code: str) -> str:
    """Authenticators show `123 456`."""
    return "".join(code[:MAX_CODE].split())


def _delete(db: Session, actor: Actor, person_id: UUID) -> None:
    gone = sa.delete(TwoFactorRow).where(TwoFactorRow.person_id == person_id).returning(TwoFactorRow.person_id)
    if db.scalar(gone) is not None:
        audit.record(db, actor, Action.two_factor_disabled, person_id)
        _tell(db, person_id, Proof.two_factor_off)
    recovery.delete_codes(db, person_id)


def _tell(db: Session, person_id: UUID, changed: Proof) -> None:
    person = Person.model_validate(db.get_one(PersonRow, person_id))
    tell(db, person, changed, address=person.email)


def _row(db: Session, actor: Actor, *, write: bool = False) -> TwoFactorRow | None:
    query = sa.select(TwoFactorRow).where(TwoFactorRow.person_id == _id(actor))
    return db.scalar(query.with_for_update() if write else query)


def _id(actor: Actor) -> UUID:
    if actor.id is None:
        raise NotFound("The system itself has no profile.")
    return actor.id
