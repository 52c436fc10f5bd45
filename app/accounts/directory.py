"""Names of people for lists, whether or not their accounts are still active."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.people import actor_from
from app.accounts.tables import PersonRow
from app.core.actor import Actor


def entries_of(db: Session, ids: Collection[UUID]) -> dict[UUID, tuple[str, bool]]:
    """Name, and whether the account is active."""
    if not ids:
        return {}
    rows = db.execute(sa.select(PersonRow.id, PersonRow.name, PersonRow.is_active).where(PersonRow.id.in_(ids)))
    return {row.id: (row.name, row.is_active) for row in rows}


def active_people(db: Session) -> list[Actor]:
    """By name."""
    rows = db.scalars(sa.select(PersonRow).where(PersonRow.is_active).order_by(PersonRow.name, PersonRow.id))
    return [actor_from(row) for row in rows]
