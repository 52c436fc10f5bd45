"""Before something dangerous: is it still the person who signed in?"""

from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts.passwords import matches
from app.accounts.schemas import Session as SignInSession
from app.accounts.sessions import current_session, sessions
from app.accounts.tables import PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Forbidden

FRESH = timedelta(minutes=5)


class SignInAgain(Forbidden):
    """Your account has no password to ask for. Sign out and in again, then do this within five minutes."""


class SignInTooOld(Forbidden):
    """This takes a sign-in that is at most five minutes old, or an API key. On the page your password is enough."""


def has_password(db: Session, actor: Actor) -> bool:
    """False for somebody who only comes by another provider."""
    row = db.get(PersonRow, actor.id)
    return row is not None and bool(row.password_hash)


def confirm_password(
    db: Session, actor: Actor, password: SecretStr | None, *, session_token: str | None = None
) -> bool:
    """Whether it fits. The caller commits either way, in a transaction of its own: a wrong one counts.

    Raises TooMany; for people without a password SignInAgain, unless their session began just now.
    """
    row = db.get_one(PersonRow, actor.id)
    if not row.password_hash:
        if not _signed_in_just_now(db, actor, session_token):
            raise SignInAgain
        return True
    limits.spend_confirmation(db, row.id)
    if password is None or not matches(password.get_secret_value(), row.password_hash):
        audit.record(db, actor, Action.password_refused, row.id)
        return False
    limits.refund_confirmation(db, row.id)
    return True


def require_fresh_sign_in(db: Session, session_token: str | None) -> None:
    """For what would let somebody with a stolen cookie stay. Raises SignInTooOld."""
    if _fresh_session(db, session_token) is None:
        raise SignInTooOld


def _signed_in_just_now(db: Session, actor: Actor, session_token: str | None) -> bool:
    current = _fresh_session(db, session_token)
    return current is not None and current.id in {session.id for session in sessions(db, actor)}


def _fresh_session(db: Session, token: str | None) -> SignInSession | None:
    current = current_session(db, token) if token else None
    return current if current and clock.now() - current.created_at <= FRESH else None
