"""A place between two cards for many at once."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.tasks.moves import rank_between
from app.tasks.rank import MAX_LENGTH, Gap, between
from app.tasks.tables import CardRow, ColumnRow


class PlaceGone(Conflict):
    """The cards next to this place were moved in the meantime. Look again, then repeat your move."""


def ranks_at(
    db: Session, column: ColumnRow, coming: Collection[UUID], anchors: tuple[UUID | None, UUID | None]
) -> list[str]:
    """As many as cards are coming: below the first anchor, else above the second. Raises PlaceGone."""
    ranks = _within(_gap(db, column, coming, anchors), len(coming))
    if max(map(len, ranks)) <= MAX_LENGTH:
        return ranks
    rank_between(db, column, _gap(db, column, coming, anchors))  # spreads the column anew
    return _within(_gap(db, column, coming, anchors), len(coming))


def _gap(db: Session, column: ColumnRow, coming: Collection[UUID], anchors: tuple[UUID | None, UUID | None]) -> Gap:
    others = sa.and_(CardRow.column_id == column.id, CardRow.id.not_in(coming))
    wanted = [anchor for anchor in anchors if anchor]
    found = dict(db.execute(sa.select(CardRow.id, CardRow.rank).where(others, CardRow.id.in_(wanted))).tuples().all())
    below, above = anchors
    if below and (low := found.get(below)):
        return low, db.scalar(sa.select(sa.func.min(CardRow.rank)).where(others, CardRow.rank > low))
    if above and (high := found.get(above)):
        return db.scalar(sa.select(sa.func.max(CardRow.rank)).where(others, CardRow.rank < high)), high
    raise PlaceGone


def _within(gap: Gap, count: int) -> list[str]:
    """By halves, so that they stay short."""
    if count == 0:
        return []
    low, high = gap
    middle, half = between(low, high), count // 2
    return [*_within((low, middle), half), middle, *_within((middle, high), count - half - 1)]
