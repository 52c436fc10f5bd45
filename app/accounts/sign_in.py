"""Coming in: a first proof of who it is (password, link, another provider), and one path from there."""

from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session as DbSession

from app.accounts.passwords import hash_password, is_outdated, matches
from app.accounts.people import actor_from
from app.accounts.schemas import CodeNeeded, Person, SignedIn
from app.accounts.sessions import start_session
from app.accounts.tables import PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import SYSTEM


def sign_in(
    db: DbSession, email: str, password: SecretStr, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded | None:
    """None when it does not fit, whatever the reason; the refusal is on the trail, so the caller must commit it."""
    # PostgreSQL knows no text with NUL, and half a surrogate pair has no bytes in UTF-8.
    address = email.strip().lower().replace("\0", "").encode(errors="replace").decode()
    row = db.scalar(sa.select(PersonRow).where(PersonRow.email == address))
    plain = password.get_secret_value()
    fits = matches(plain, row.password_hash if row else None)
    if row is None or not fits or not row.is_active:
        who = actor_from(row, ip) if row else SYSTEM.model_copy(update={"name": "Unknown person", "ip": ip})
        audit.record(db, who, Action.session_refused, row.id if row else "unknown e-mail")
        return None
    if is_outdated(row.password_hash):
        row.password_hash = hash_password(plain)
    return begin_sign_in(db, row.id, ip=ip, user_agent=user_agent)


def begin_sign_in(
    db: DbSession, person_id: UUID, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded:
    """After the first proof, whatever it was. The caller has checked that the account is active."""
    person = Person.model_validate(db.get_one(PersonRow, person_id))
    return SignedIn(token=start_session(db, person, ip=ip, user_agent=user_agent), person=person)
