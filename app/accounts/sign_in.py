"""Coming in: a first proof of who it is (password, link, another provider), and one path from there."""

from datetime import timedelta
from secrets import token_urlsafe
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session as DbSession

from app.accounts import totp, two_factor
from app.accounts.lockout import address_of, refund_code, refund_sign_in, spend_code
from app.accounts.passwords import hash_password, is_outdated, matches
from app.accounts.people import actor_from
from app.accounts.policy import must_use_two_factor
from app.accounts.schemas import CodeNeeded, Enrolled, Enrolment, Person, SignedIn
from app.accounts.sessions import hash_of, start_session
from app.accounts.tables import PendingSignInRow, PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import NotSignedIn

PENDING_FOR = timedelta(minutes=10)
MAX_TRIES = 5


class SignInExpired(NotSignedIn):
    """This sign-in took too long or had too many wrong codes. Start again with your password."""


def sign_in(
    db: DbSession,
    email: str,
    password: SecretStr,
    *,
    ip: str | None = None,
    user_agent: str = "",
    device: str | None = None,
) -> SignedIn | CodeNeeded | None:
    """None when it does not fit, whatever the reason; the refusal is on the trail, so the caller must commit it.

    The caller has paid for the try by `spend_sign_in`.
    """
    row = db.scalar(sa.select(PersonRow).where(PersonRow.email == address_of(email)))
    plain = password.get_secret_value()
    fits = matches(plain, row.password_hash if row else None)
    if row is None or not fits or not row.is_active:
        who = actor_from(row, ip) if row else SYSTEM.model_copy(update={"name": "Unknown person", "ip": ip})
        audit.record(db, who, Action.session_refused, row.id if row else "unknown e-mail")
        return None
    if is_outdated(row.password_hash):
        row.password_hash = hash_password(plain)
    refund_sign_in(db, email, ip=ip, device=device)
    return begin_sign_in(db, row.id, ip=ip, user_agent=user_agent)


def begin_sign_in(
    db: DbSession, person_id: UUID, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded:
    """After the first proof, whatever it was. The caller has checked that the account is active."""
    row = db.get_one(PersonRow, person_id)
    if two_factor.is_enrolled(db, row.id):
        return CodeNeeded(token=_pend(db, row.id))
    if must_use_two_factor(db, Role(row.role)):
        return CodeNeeded(token=_pend(db, row.id), must_enrol=True)
    return _complete(db, row, ip=ip, user_agent=user_agent)


def give_code(
    db: DbSession, token: str, code: str, *, ip: str | None = None, user_agent: str = "", device: str | None = None
) -> SignedIn | None:
    """None when the code does not fit; the try counts and is on the trail, so the caller must commit it.

    Raises SignInExpired, TooMany.
    """
    row = _counted(db, token)
    spend_code(db, row, device=device)
    if not two_factor.proves(db, actor_from(row, ip), code):
        audit.record(db, actor_from(row, ip), Action.two_factor_refused, row.id)
        return None
    refund_code(db, row, device=device)
    _settle(db, token)
    return _complete(db, row, ip=ip, user_agent=user_agent)


def enrolment(db: DbSession, token: str) -> Enrolment:
    """For somebody who must use two-factor sign-in and has none yet. Raises SignInExpired.

    Of two who know the password, each is shown a secret of their own.
    """
    return two_factor.offer(_enrolling(db, token), totp.secret_from(token))


def finish_enrolment(
    db: DbSession, token: str, code: str, *, ip: str | None = None, user_agent: str = ""
) -> Enrolled | None:
    """Signs in with the first code of the new authenticator. None when it does not fit; the caller must commit."""
    person = _enrolling(db, token, lock=True).model_copy(update={"ip": ip})
    row = _counted(db, token)
    try:
        codes = two_factor.enrol(db, person, totp.secret_from(token), code)
    except two_factor.WrongCode:
        return None
    _settle(db, token)
    return Enrolled(signed_in=_complete(db, row, ip=ip, user_agent=user_agent), recovery_codes=codes.codes)


def forget_pending(db: DbSession, token: str) -> None:
    _settle(db, token)


def delete_expired_sign_ins(db: DbSession) -> int:
    """Run by the timer; the answer is how many went."""
    gone = sa.delete(PendingSignInRow).where(PendingSignInRow.expires_at <= clock.now())
    return len(db.scalars(gone.returning(PendingSignInRow.token_hash)).all())


def _pend(db: DbSession, person_id: UUID) -> str:
    token = token_urlsafe(32)
    ends = clock.now() + PENDING_FOR
    db.add(PendingSignInRow(token_hash=hash_of(token), person_id=person_id, expires_at=ends))
    db.flush()
    return token


def _counted(db: DbSession, token: str) -> PersonRow:
    """Whose sign-in this is; one try less is left of it."""
    mine = sa.and_(PendingSignInRow.token_hash == hash_of(token), PendingSignInRow.expires_at > clock.now())
    counted = sa.update(PendingSignInRow).where(mine, PendingSignInRow.tries < MAX_TRIES)
    person_id = db.scalar(counted.values(tries=PendingSignInRow.tries + 1).returning(PendingSignInRow.person_id))
    row = db.get(PersonRow, person_id) if person_id else None
    if row is None or not row.is_active:
        raise SignInExpired
    return row


def _enrolling(db: DbSession, token: str, *, lock: bool = False) -> Actor:
    """Never somebody who has a second proof already: a password alone must not replace it."""
    pending = db.get(PendingSignInRow, hash_of(token))
    in_time = pending is not None and pending.expires_at > clock.now()
    row = db.get(PersonRow, pending.person_id, with_for_update=lock or None) if pending and in_time else None
    if row is None or not row.is_active or two_factor.is_enrolled(db, row.id):
        raise SignInExpired
    return actor_from(row)


def _settle(db: DbSession, token: str) -> None:
    db.execute(sa.delete(PendingSignInRow).where(PendingSignInRow.token_hash == hash_of(token)))


def _complete(db: DbSession, row: PersonRow, *, ip: str | None, user_agent: str) -> SignedIn:
    token = start_session(db, Person.model_validate(row), ip=ip, user_agent=user_agent)
    return SignedIn(token=token, person=Person.model_validate(row))
