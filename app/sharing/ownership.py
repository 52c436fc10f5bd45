"""What belongs to whom, and how it finds a new owner when somebody leaves."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Invalid
from app.core.paging import Page, fetch_page
from app.sharing.kinds import OFFERS
from app.sharing.schemas import Kind, Owned


class RoleTooLow(Conflict):
    """The new owner's role may not own this."""


def owned(db: Session, actor: Actor, person_id: UUID) -> list[Owned]:
    """Everything, kind by kind."""
    things = _things_of(db, actor, person_id)
    return [
        _owned(*row) for row in db.execute(sa.select(*things.c).order_by(things.c.kind, things.c.name, things.c.id))
    ]


def owned_page(
    db: Session, actor: Actor, person_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[Owned]:
    things = _things_of(db, actor, person_id)
    return fetch_page(db, sa.select(*things.c), _owned, things.c.kind, things.c.id, limit=limit, cursor=cursor)


def hand_over(db: Session, actor: Actor, person_id: UUID, to_person_id: UUID) -> list[Owned]:
    """All of it or nothing. Raises Invalid, RoleTooLow."""
    things = owned(db, actor, person_id)
    heir = _heir(db, person_id, to_person_id)
    kinds = [kind for kind in OFFERS if any(thing.kind is kind for thing in things)]
    _check_role(heir, kinds)
    for kind in kinds:
        table = OFFERS[kind].row
        change = sa.update(table).where(table.owner_id == person_id).values(owner_id=heir.id)
        moved = db.scalars(change.returning(table.id), execution_options={"synchronize_session": "fetch"}).all()
        facts = {"kind": kind.value, "to": str(heir.id), "to_name": heir.name}
        audit.record(db, actor, Action.ownership_handed_over, person_id, **facts, things=[str(one) for one in moved])
    db.flush()
    return things


def things_owned_by(person_ids: Collection[UUID]) -> sa.Subquery:
    """Of every kind: kind, id, name, owner_id."""
    parts = [
        sa.select(
            sa.literal(kind.value, sa.Text()).label("kind"),
            offer.id.label("id"),
            sa.cast(offer.name, sa.Text()).label("name"),
            offer.owner_id.label("owner_id"),
        ).where(offer.owner_id.in_(person_ids))
        for kind, offer in OFFERS.items()
    ]
    return sa.union_all(*parts).subquery()


def _things_of(db: Session, actor: Actor, person_id: UUID) -> sa.Subquery:
    require_role(actor, Role.admin)
    accounts.actor_of(db, person_id)
    return things_owned_by([person_id])


def _owned(kind: str, thing_id: UUID, name: str, _owner_id: UUID) -> Owned:
    return Owned(kind=Kind(kind), id=thing_id, name=name)


def _heir(db: Session, person_id: UUID, to_person_id: UUID) -> Actor:
    if person_id == to_person_id:
        raise Invalid("to_person_id: these things belong to this person already. Choose somebody else.")
    try:
        return accounts.acting(db, to_person_id)
    except accounts.Deactivated as error:
        raise Invalid(f"to_person_id: {error.message} Choose somebody who can sign in.") from error


def _check_role(heir: Actor, kinds: list[Kind]) -> None:
    for kind in kinds:
        least = OFFERS[kind].owner_role
        if not heir.role.includes(least):
            thing = "mail account" if kind is Kind.smtp_account else kind.value
            raise RoleTooLow(
                f"{heir.name} is {heir.role.value}; to own a {thing} takes the role {least.value}. "
                "Choose somebody else, or change that role first."
            )
