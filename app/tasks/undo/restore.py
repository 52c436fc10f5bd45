"""Brings a card back into a state it once had: its place, its fields, or the archive."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict
from app.tasks.access import columns_of
from app.tasks.belongings import lanes_of
from app.tasks.cards import archive_card, change_card
from app.tasks.moves import check_room, put, rank_between
from app.tasks.record import log_card, touch
from app.tasks.schemas import CardChange, EventKind
from app.tasks.tables import CardRow, ColumnRow

Gap = tuple[str | None, str | None]


class ColumnGone(Conflict):
    """The column this card was in is gone."""


def restore(db: Session, actor: Actor, card: CardRow, state: dict[str, Any]) -> None:
    if "fields" in state:
        change_card(db, actor, card.id, CardChange.model_validate({**state["fields"], "version": card.version}))
    elif state.get("archived"):
        archive_card(db, actor, card.id)
    else:
        _restore_place(db, actor, card, state)


def _restore_place(db: Session, actor: Actor, card: CardRow, state: dict[str, Any]) -> None:
    """Below the card it was below, or as near as what is left of its column allows."""
    columns = columns_of(db, card.board_id)
    target = columns.get(UUID(state["column_id"]))
    if target is None:
        raise ColumnGone(f"The column that “{card.title}” was in is gone.")
    origin, lane_before = columns.get(card.column_id) if card.column_id else None, card.lane_id
    lane_id = UUID(state["lane_id"]) if state["lane_id"] else None
    lane_id = lane_id if lane_id in lanes_of(db, card.board_id) else None
    check_room(db, target, lane_id, card)
    changes = put(db, card, target, rank_between(db, target, _gap(db, card, target, state), card))
    changes |= _as_it_was(card, state)
    card.lane_id, card.archived_at = lane_id, None
    card.version += 1
    if (origin, lane_before) == (target, lane_id):
        touch(db, card)
        return
    kind = EventKind.moved if origin else EventKind.revived
    log_card(db, actor, card, kind, origin=origin, target=target, lane_before=lane_before, changes=changes)


def _as_it_was(card: CardRow, state: dict[str, Any]) -> dict[str, Any]:
    """A card that comes back to a done column was completed when it was, and not now."""
    if card.completed_at and state["completed_at"]:
        card.completed_at = datetime.fromisoformat(state["completed_at"])
    if card.category == state["category"]:
        return {}
    before, card.category = card.category, state["category"]
    return {"category": [before, card.category]}


def _gap(db: Session, card: CardRow, column: ColumnRow, state: dict[str, Any]) -> Gap:
    others = sa.and_(CardRow.column_id == column.id, CardRow.id != card.id)
    lowest = sa.select(sa.func.min(CardRow.rank)).where(others)
    if state["above"] is None:
        return None, db.scalar(lowest)
    above = sa.select(CardRow.rank).where(others, CardRow.id == UUID(state["above"]))
    low = db.scalar(above) or db.scalar(
        sa.select(sa.func.max(CardRow.rank)).where(others, CardRow.rank <= state["rank"])
    )
    return low, db.scalar(lowest.where(CardRow.rank > low) if low else lowest)
