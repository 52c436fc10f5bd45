"""Guessing passwords takes years, and never shuts the owner out.

Each try is paid before the password is looked at, and given back when it was right. A browser in which this person
has signed in before pays from an allowance of its own, so nobody else can use it up.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts.devices import is_known
from app.accounts.people import actor_from
from app.accounts.sessions import hash_of
from app.accounts.tables import PersonRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import SYSTEM
from app.core.errors import TooMany

Paid = list[tuple[str, limits.Allowance]]
CODE = limits.Allowance(burst=5, per_hour=10)


def address_of(email: str) -> str:
    """As it is looked up and paid for. PostgreSQL knows no text with NUL, and half a surrogate pair has no bytes."""
    return email.strip().lower().replace("\0", "").encode(errors="replace").decode()


def spend_sign_in(db: Session, email: str, *, ip: str | None = None, device: str | None = None) -> TooMany | None:
    """For one try, in a transaction that is over before the password is checked.

    Answers the refusal, for the caller to raise once it is committed: it is on the trail, once an hour.
    """
    refused = ""
    try:
        with db.begin_nested():
            for refused, allowance in _paid(db, email, ip, device):
                limits.spend(db, refused, burst=allowance.burst, per_hour=allowance.per_hour)
    except TooMany as refusal:
        _note(db, refused, address_of(email), ip)
        return refusal
    return None


def refund_sign_in(db: Session, email: str, *, ip: str | None = None, device: str | None = None) -> None:
    for key, allowance in _paid(db, email, ip, device):
        limits.refund(db, key, per_hour=allowance.per_hour)


def spend_code(db: Session, whose: PersonRow, *, device: str | None = None) -> None:
    """A second proof. 10 an hour of a million codes, each valid for a minute, are not worth trying.

    As with passwords: whoever knows the password and guesses codes elsewhere uses up nothing of a known browser.
    """
    limits.spend(db, _code_key(db, whose, device), burst=CODE.burst, per_hour=CODE.per_hour)


def refund_code(db: Session, whose: PersonRow, *, device: str | None = None) -> None:
    limits.refund(db, _code_key(db, whose, device), per_hour=CODE.per_hour)


def _code_key(db: Session, whose: PersonRow, device: str | None) -> str:
    return f"code device:{hash_of(device)}" if device and is_known(db, device, whose.email) else f"code:{whose.id}"


def _paid(db: Session, email: str, ip: str | None, device: str | None) -> Paid:
    """The same for addresses that nobody has, so that the answer does not tell."""
    address = address_of(email)
    if device and is_known(db, device, address):
        return [(f"sign-in device:{hash_of(device)}", limits.PASSWORD)]
    return [
        (f"sign-in address:{limits.network(ip)}", limits.ADDRESS),
        (f"{limits.SIGN_IN}:{address}", limits.PASSWORD),
    ]


def _note(db: Session, key: str, address: str, ip: str | None) -> None:
    """Whoever goes on trying must not fill the trail."""
    try:
        limits.spend(db, f"noted {key}", burst=1, per_hour=1)
    except TooMany:
        return
    row = db.scalar(sa.select(PersonRow).where(PersonRow.email == address))
    who = actor_from(row, ip) if row else SYSTEM.model_copy(update={"name": "Unknown person", "ip": ip})
    whose = key.partition(":")[0].removeprefix("sign-in ")
    reason = f"too many tries ({whose})"
    audit.record(db, who, Action.session_refused, row.id if row else "unknown e-mail", reason=reason)
