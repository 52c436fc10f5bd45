"""Tells people by mail that somebody changed what they sign in with; hopefully they did."""

from uuid import uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import Person
from app.accounts.service import Proof
from app.admissions import letters
from app.deliveries import service as deliveries

log = structlog.stdlib.get_logger(__name__)
WRITE = {
    Proof.password: letters.password_changed,
    Proof.email: letters.email_changed,
    Proof.two_factor_on: letters.two_factor_on,
    Proof.two_factor_off: letters.two_factor_off,
    Proof.recovery_code: letters.recovery_code_used,
}


def notify(db: Session, person: Person, changed: Proof, address: str) -> None:
    if not deliveries.can_send_letters(db):
        return
    try:
        letter = WRITE[changed](person, address)
    except ValidationError:
        log.warning("no mail can be sent to this address", person_id=str(person.id))
        return
    deliveries.send_letter(db, letter, unique_key=f"notice:{uuid4()}")


accounts.on_proof_changed(notify)
