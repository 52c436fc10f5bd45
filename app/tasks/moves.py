"""Where a card goes. All of it happens under the board's lock (see access.py)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.tasks.access import access_card, check_on_board, check_version, columns_of
from app.tasks.rank import MAX_LENGTH, between, spread
from app.tasks.record import as_seen, log_card, touch
from app.tasks.schemas import Card, CardMove, EventKind
from app.tasks.tables import CardRow, ColumnRow


class ColumnFull(Conflict):
    """This column holds as many cards as it may."""

    def __init__(self, column: ColumnRow) -> None:
        limit = column.wip_limit or 0
        cards = "card" if limit == 1 else "cards"
        super().__init__(f"“{column.name}” takes at most {limit} {cards}. Move one out of it first.")


class NeighboursMoved(Conflict):
    """The cards next to this place were moved in the meantime. Look again, then repeat your move."""


def move_card(db: Session, actor: Actor, card_id: UUID, move: CardMove) -> Card:
    """Below `after_id`, else above `before_id`, else to the end. A move to where the card is changes nothing."""
    card = access_card(db, actor, card_id, write=True)
    check_on_board(card)
    check_version(db, card, move.version)
    columns = columns_of(db, card.board_id)
    if move.column_id not in columns:
        raise Invalid(f"column: this board has no column {move.column_id}.")
    assert card.column_id
    origin, target = columns[card.column_id], columns[move.column_id]
    low, high = _gap(db, card, move)
    if origin is target and (low or "") < (card.rank or "") and (high is None or (card.rank or "") < high):
        return as_seen(db, actor, card)
    if origin is not target:
        check_room(db, target)
    rank = rank_between(db, target, (low, high), card)
    put(card, target, rank, clock.now())
    card.version += 1
    if origin is not target:
        return log_card(db, actor, card, EventKind.moved, origin=origin, target=target)
    touch(db, card)
    return as_seen(db, actor, card)


def put(card: CardRow, column: ColumnRow, rank: str, now: datetime) -> None:
    """Entering a done column completes the card, leaving it opens the card again."""
    card.column_id, card.rank = column.id, rank
    card.completed_at = (card.completed_at or now) if column.is_done else None


def check_room(db: Session, column: ColumnRow) -> None:
    """Raises ColumnFull."""
    if column.wip_limit is None:
        return
    held = sa.select(sa.func.count()).select_from(CardRow).where(CardRow.column_id == column.id)
    if (db.scalar(held) or 0) >= column.wip_limit:
        raise ColumnFull(column)


def end_of(db: Session, column: ColumnRow) -> tuple[str | None, str | None]:
    return db.scalar(sa.select(sa.func.max(CardRow.rank)).where(CardRow.column_id == column.id)), None


def rank_between(
    db: Session, column: ColumnRow, gap: tuple[str | None, str | None], card: CardRow | None = None
) -> str:
    """Spreads the whole column anew when ranks have grown long."""
    rank = between(*gap)
    return rank if len(rank) <= MAX_LENGTH else _spread_around(db, column, gap[0], card)


def _gap(db: Session, card: CardRow, move: CardMove) -> tuple[str | None, str | None]:
    """The ranks on both sides of the place that was asked for, as if the card itself were not there."""
    if card.id in (move.after_id, move.before_id):
        raise Invalid("after, before: a card cannot be placed next to itself.")
    wanted = [anchor for anchor in (move.after_id, move.before_id) if anchor]
    others = sa.and_(CardRow.column_id == move.column_id, CardRow.id != card.id)
    if not wanted:
        return db.scalar(sa.select(sa.func.max(CardRow.rank)).where(others)), None
    found = dict(db.execute(sa.select(CardRow.id, CardRow.rank).where(others, CardRow.id.in_(wanted))).tuples().all())
    if move.after_id and (low := found.get(move.after_id)):
        return low, db.scalar(sa.select(sa.func.min(CardRow.rank)).where(others, CardRow.rank > low))
    if move.before_id and (high := found.get(move.before_id)):
        return db.scalar(sa.select(sa.func.max(CardRow.rank)).where(others, CardRow.rank < high)), high
    raise NeighboursMoved


def _spread_around(db: Session, column: ColumnRow, low: str | None, card: CardRow | None) -> str:
    """Gives every other card of the column a short rank and returns the one left free after `low`."""
    query = sa.select(CardRow.id, CardRow.rank).where(CardRow.column_id == column.id).order_by(CardRow.rank)
    rows = [row for row in db.execute(query) if card is None or row.id != card.id]
    place = sum(1 for row in rows if low is not None and row.rank <= low)
    ranks = spread(len(rows) + 1)
    free = ranks.pop(place)
    new = {row.id: rank for row, rank in zip(rows, ranks, strict=True)}
    if card is not None and card.column_id == column.id:
        new[card.id] = free  # in the same statement, so that its old rank is in nobody's way
    pairs = sa.select(
        sa.func.unnest(sa.cast(list(new), sa.ARRAY(sa.Uuid))).label("id"),
        sa.func.unnest(sa.cast(list(new.values()), sa.ARRAY(sa.Text))).label("rank"),
    ).subquery()
    change = sa.update(CardRow).where(CardRow.id == pairs.c.id).values(rank=pairs.c.rank)
    db.execute(change, execution_options={"synchronize_session": False})
    return free
