"""Accounts that people make for themselves, where the operator allows it."""

from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import CodeNeeded, PersonCreate, SignedIn
from app.admissions.schemas import SignUp
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import SYSTEM, Role
from app.core.errors import Forbidden
from app.core.settings import settings


class SignUpClosed(Forbidden):
    """Accounts cannot be made here. Ask an administrator of this installation for an invitation."""


def sign_up_open() -> bool:
    return settings().signup == "open"


def sign_up(db: Session, new: SignUp, *, ip: str | None = None, user_agent: str = "") -> SignedIn | CodeNeeded:
    """In at once, with the role that SIGNUP_ROLE says. Raises EmailTaken, which tells that an address is known here."""
    if not sign_up_open() or not accounts.anybody_exists(db):  # the first account is made at the set-up
        raise SignUpClosed
    door = SYSTEM.model_copy(update={"ip": ip})
    person = accounts.create_person(db, door, PersonCreate(role=Role(settings().signup_role), **dict(new)))
    accounts.doubt_email(db, person.id)
    newcomer = accounts.actor_of(db, person.id).model_copy(update={"ip": ip})
    audit.record(db, newcomer, Action.person_signed_up, person.id, email=person.email, role=person.role)
    return accounts.begin_sign_in(db, person.id, ip=ip, user_agent=user_agent)
