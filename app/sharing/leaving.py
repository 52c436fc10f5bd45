"""When somebody leaves: what they own finds another owner, or is found later."""

from functools import partial
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.core.actor import Actor
from app.core.paging import Page, fetch_page
from app.sharing.ownership import hand_over, things_owned_by
from app.sharing.schemas import Kind, LeftThing, Owned


def deactivate_person(db: Session, actor: Actor, person_id: UUID, *, hand_over_to: UUID | None = None) -> list[Owned]:
    """Out at once, with all sessions and keys. The answer is what has a new owner; without one all stays theirs.

    All of it or nothing. Raises LastAdmin, Invalid, RoleTooLow.
    """
    moved = hand_over(db, actor, person_id, hand_over_to) if hand_over_to else []
    accounts.change_person(db, actor, person_id, PersonChange(is_active=False))
    return moved


def left_behind(db: Session, actor: Actor) -> list[LeftThing]:
    """Whatever belongs to people who are deactivated, person by person."""
    gone = _gone(db, actor)
    rows = things_owned_by(gone)
    found = [_left_thing(gone, *row) for row in db.execute(sa.select(*rows.c).order_by(rows.c.kind, rows.c.name))]
    return sorted(found, key=lambda thing: (thing.person.casefold(), thing.person_id))


def left_behind_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[LeftThing]:
    gone = _gone(db, actor)
    rows = things_owned_by(gone)
    by, show = (rows.c.owner_id, rows.c.kind, rows.c.id), partial(_left_thing, gone)
    return fetch_page(db, sa.select(*rows.c), show, *by, limit=limit, cursor=cursor)


def _gone(db: Session, actor: Actor) -> dict[UUID, str]:
    return {one.id: one.name for one in accounts.people(db, actor) if not one.is_active}


def _left_thing(names: dict[UUID, str], kind: str, thing_id: UUID, name: str, owner_id: UUID) -> LeftThing:
    return LeftThing(kind=Kind(kind), id=thing_id, name=name, person_id=owner_id, person=names[owner_id])
