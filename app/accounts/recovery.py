"""Recovery codes: ten ways in for somebody without their authenticator, each good for once."""

import base64
import secrets
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.tables import RecoveryCodeRow
from app.core import clock

HOW_MANY = 10
RANDOM_BYTES = 10  # 80 bits: a fast hash is enough


def replace_codes(db: Session, person_id: UUID) -> list[str]:
    """The old ones are void. The answer is the only place where the new ones are readable."""
    delete_codes(db, person_id)
    codes = [_new_code() for _ in range(HOW_MANY)]
    db.add_all(RecoveryCodeRow(code_hash=_hash(code), person_id=person_id, created_at=clock.now()) for code in codes)
    db.flush()
    return codes


def use_code(db: Session, person_id: UUID, code: str) -> bool:
    """One update decides, so that of two tries at the same time one fails."""
    mine = sa.and_(RecoveryCodeRow.code_hash == _hash(code), RecoveryCodeRow.person_id == person_id)
    used = sa.update(RecoveryCodeRow).where(mine, RecoveryCodeRow.used_at.is_(None)).values(used_at=clock.now())
    return db.scalar(used.returning(RecoveryCodeRow.code_hash)) is not None


def codes_left(db: Session, person_id: UUID) -> int:
    unused = sa.select(sa.func.count()).where(RecoveryCodeRow.person_id == person_id, RecoveryCodeRow.used_at.is_(None))
    return db.scalar(unused) or 0


def delete_codes(db: Session, person_id: UUID) -> None:
    db.execute(sa.delete(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id))


def _new_code() -> str:
    """`k7qd-2mfa-…`: lower case without 0, 1, 8 and 9, easy to copy from paper."""
    text = base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hash(code: str) -> str:
    """However it was typed: with capitals, spaces, or without the dashes."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
