"""Who may see a thing, and who may change it: its owner, administrators, and whoever it is shared with.

A share never gives more than the role: what a role may not do at all, the feature refuses first.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts import service as accounts
from app.core.actor import Actor, Role
from app.core.errors import Forbidden, NotFound
from app.sharing.kinds import OFFERS
from app.sharing.schemas import Kind, Level
from app.sharing.tables import ShareRow, TeamMemberRow

Column = sa.ColumnElement[Any] | InstrumentedAttribute[Any]


class ViewOnly(Forbidden):
    """This is shared with you to look at only. Ask its owner if you need to change it."""


def visible(actor: Actor, kind: Kind, id_column: Column, owner_column: Column) -> sa.ColumnElement[bool]:
    """For WHERE: the rows that `actor` may see."""
    if actor.role is Role.admin:
        return sa.true()
    return sa.or_(owner_column == actor.id, _shares_with(actor, kind, id_column).exists())


def sees(actor: Actor, kind: Kind, id_column: Column) -> sa.ColumnElement[bool]:
    """For WHERE where only the id of the thing is at hand: whether it exists and `actor` may see it."""
    offer = OFFERS[kind]
    there = sa.select(sa.literal(1)).where(offer.id == id_column, visible(actor, kind, offer.id, offer.owner_id))
    return there.exists()


def exists(kind: Kind, id_column: Column) -> sa.ColumnElement[bool]:
    """Whether there is such a thing at all."""
    offer = OFFERS[kind]
    return sa.select(sa.literal(1)).where(offer.id == id_column).exists()


def level_column(actor: Actor, kind: Kind, id_column: Column, owner_column: Column) -> sa.ColumnElement[str | None]:
    """For SELECT: what `level_for` says of each row; null where it is not visible."""
    if actor.role is Role.admin:
        return sa.literal(Level.edit.value)
    best = _best(_shares_with(actor, kind, id_column)).scalar_subquery()
    return sa.case((owner_column == actor.id, sa.literal(Level.edit.value)), else_=best)


def level_for(db: Session, actor: Actor, kind: Kind, thing_id: UUID, owner_id: UUID | None) -> Level | None:
    """None when `actor` may not see it."""
    if actor.role is Role.admin or (actor.id is not None and actor.id == owner_id):
        return Level.edit
    best = db.scalar(_best(_shares_with(actor, kind, sa.literal(thing_id, sa.Uuid()))))
    return Level(best) if best else None


def check_level(
    db: Session, actor: Actor, kind: Kind, thing: Any, *, edit: bool = False, missing: NotFound | None = None
) -> Level:
    """`thing` is a row with `id` and `owner_id`. Raises `missing` when it may not be seen, ViewOnly."""
    return require_level(level_for(db, actor, kind, thing.id, thing.owner_id), kind, edit=edit, missing=missing)


def require_level(
    level: Level | str | None, kind: Kind, *, edit: bool = False, missing: NotFound | None = None
) -> Level:
    """The same for a level that was read before, as by `level_column`."""
    if level is None:
        raise missing or NotFound(f"There is no such {kind.value}, or you may not see it.")
    if edit and level != Level.edit:
        raise ViewOnly(f"This {kind.value} is shared with you to look at only. Ask its owner if you need to change it.")
    return Level(level)


def audience(db: Session, kind: Kind, thing: Any) -> dict[UUID, str]:
    """Every active person who may see a thing, by name: whom work on it can be given to."""
    everybody = accounts.active_people(db)
    found = sa.select(ShareRow.person_id, ShareRow.everybody, TeamMemberRow.person_id)
    found = found.outerjoin(TeamMemberRow, TeamMemberRow.team_id == ShareRow.team_id)
    rows = db.execute(found.where(ShareRow.kind == kind.value, ShareRow.thing_id == thing.id)).tuples().all()
    is_open = any(is_open for _, is_open, _ in rows)
    named = {thing.owner_id, *(person_id for person, _, member in rows for person_id in (person, member))}
    return {
        person.id: person.name
        for person in everybody
        if person.id and (is_open or person.id in named or person.role is Role.admin)
    }


def teams_of(actor: Actor) -> sa.Select[Any]:
    return sa.select(TeamMemberRow.team_id).where(TeamMemberRow.person_id == actor.id)


def _shares_with(actor: Actor, kind: Kind, thing_id: Column) -> sa.Select[Any]:
    return sa.select(ShareRow.level).where(
        ShareRow.kind == kind.value,
        ShareRow.thing_id == thing_id,
        sa.or_(ShareRow.everybody, ShareRow.person_id == actor.id, ShareRow.team_id.in_(teams_of(actor))),
    )


def _best(levels: sa.Select[Any]) -> sa.Select[Any]:
    """In the alphabet, "edit" comes before "view"."""
    return levels.with_only_columns(sa.func.min(ShareRow.level))
