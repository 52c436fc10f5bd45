"""What a link in somebody's mailbox can do to an account: give it a password, and show that the address is read."""

from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts.lockout import address_of
from app.accounts.news import Proof, tell
from app.accounts.passwords import check_strength, hash_password
from app.accounts.people import actor_from, end_everything
from app.accounts.schemas import Person
from app.accounts.tables import ApiKeyRow, PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock


def person_with_email(db: Session, email: str) -> Person | None:
    """Deactivated people too."""
    row = db.scalar(sa.select(PersonRow).where(PersonRow.email == address_of(email)))
    return Person.model_validate(row) if row else None


def active_person(db: Session, person_id: UUID) -> Person | None:
    row = db.get(PersonRow, person_id)
    return Person.model_validate(row) if row and row.is_active else None


def proof_mark(db: Session, person_id: UUID) -> str:
    """Becomes another when the password or the address does, so that what was sent before can be told."""
    row = db.get_one(PersonRow, person_id)
    return sha256(f"{row.email}\0{row.password_hash}".encode()).hexdigest()


def reset_password(
    db: Session, person_id: UUID, password: SecretStr, *, ip: str | None = None, by_mail: bool = False
) -> Person:
    """Whoever was in is out: sessions, half-finished sign-ins, and what browsers were remembered for.

    Keys stay, unless nobody had shown until now that this address is theirs: then somebody else may have made them.
    """
    row = db.scalars(sa.select(PersonRow).where(PersonRow.id == person_id).with_for_update()).one()
    check_strength(password.get_secret_value(), email=row.email, name=row.name)
    row.password_hash = hash_password(password.get_secret_value())
    if by_mail and row.email_verified_at is None:
        keys = sa.update(ApiKeyRow).where(ApiKeyRow.person_id == row.id, ApiKeyRow.revoked_at.is_(None))
        db.execute(keys.values(revoked_at=clock.now()))
    if by_mail:
        row.email_verified_at = clock.now()
    end_everything(db, row.id)
    limits.forgive_sign_in(db, row.email)
    audit.record(db, actor_from(row, ip), Action.password_reset, row.id)
    person = Person.model_validate(row)
    tell(db, person, Proof.password, address=row.email)
    return person


def doubt_email(db: Session, person_id: UUID) -> None:
    """Somebody said that this address is theirs, and nobody has seen it yet."""
    db.get_one(PersonRow, person_id).email_verified_at = None


def email_is_proven(db: Session, person_id: UUID) -> bool:
    """Somebody who reads this address has shown it, or an administrator has vouched for it."""
    return db.get_one(PersonRow, person_id).email_verified_at is not None
