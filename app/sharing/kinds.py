"""Which tables hold things that people own. Each feature offers its own when its service is loaded."""

from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Role
from app.sharing.schemas import Kind


class Offer(NamedTuple):
    id: sa.ColumnElement[UUID]
    owner_id: sa.ColumnElement[UUID | None]
    name: sa.ColumnElement[str]
    row: type[Any]
    shareable: bool
    owner_role: Role


OFFERS: dict[Kind, Offer] = {}


def offer_kind(
    kind: Kind, row: type[Any], *, name: str = "name", shareable: bool = True, owner_role: Role = Role.author
) -> None:
    """`row` has `id`, `owner_id` and the column `name`; `owner_role` is the least role that may own one."""
    OFFERS[kind] = Offer(row.id, row.owner_id, getattr(row, name), row, shareable, owner_role)
