"""In whose name a schedule starts by itself."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Forbidden

WAY_OUT = "Resume the schedule to take it over."


class OwnerGone(Conflict):
    """The owner of this schedule may no longer run it."""


def acting_owner(db: Session, owner_id: UUID | None) -> Actor:
    """Nothing goes out in the name of somebody who was shut out or may no longer write. Raises OwnerGone."""
    try:
        owner = accounts.acting(db, owner_id)
        require_role(owner, Role.author)
    except accounts.Deactivated as error:
        raise OwnerGone(f"{error.message} {WAY_OUT}") from error
    except Forbidden as error:
        raise OwnerGone(f"Its owner is no longer an author. {WAY_OUT}") from error
    return owner


def may_act(db: Session, owner_id: UUID | None) -> bool:
    try:
        acting_owner(db, owner_id)
    except OwnerGone:
        return False
    return True
