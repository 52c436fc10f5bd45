"""Who proves to be somebody by what has changed: for those who want to tell the person about it."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy.orm import Session

from app.accounts.schemas import Person


class Proof(StrEnum):
    password = "password"  # noqa: S105  a word, no secret
    email = "email"
    two_factor_on = "two-factor sign-in was turned on"
    two_factor_off = "two-factor sign-in was turned off"
    recovery_code = "a recovery code was used"


# With the address that the person had before.
Listener = Callable[[Session, Person, Proof, str], None]
_listeners: list[Listener] = []


def on_proof_changed(listener: Listener) -> None:
    """`listener` is called in the transaction of the change."""
    _listeners.append(listener)


def tell(db: Session, person: Person, changed: Proof, *, address: str) -> None:
    for listener in _listeners:
        listener(db, person, changed, address)
