"""A bulk edit is taken back as one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.bulk.edits import PLAIN, Facts
from app.tasks.tables import CardRow
from app.tasks.undo.remember import ARCHIVED, KEPT, STEP, remembers
from app.tasks.undo.tables import BoardEditRow


@dataclass
class Was:
    """A card before the edit: where it was in the form that leads back there, what it held, and its version."""

    card: CardRow
    place: dict[str, Any]
    facts: Facts
    version: int


def places_of(db: Session, board_id: UUID, cards: Sequence[CardRow]) -> dict[UUID, dict[str, Any]]:
    """As the single edits remember them, for all cards at once."""
    above = sa.func.lag(CardRow.id).over(partition_by=CardRow.column_id, order_by=CardRow.rank)
    query = sa.select(CardRow.id, above).where(CardRow.board_id == board_id, CardRow.column_id.is_not(None))
    neighbours: dict[UUID, UUID | None] = dict(db.execute(query).tuples().all())
    return {card.id: _place(card, neighbours.get(card.id)) for card in cards}


def _place(card: CardRow, above: UUID | None) -> dict[str, Any]:
    if card.archived_at is not None:
        return ARCHIVED
    fields = ("column_id", "lane_id", "rank", "completed_at", "category")
    place: dict[str, Any] = to_jsonable_python({name: getattr(card, name) for name in fields})
    return {**place, "above": above and str(above)}


def fields_of(facts: Facts) -> dict[str, Any]:
    """As a change of one card would ask for them."""
    told = {name: facts[name] for name in PLAIN}
    told |= {"label_ids": sorted(facts["labels"]), "assignee_ids": sorted(facts["assignees"])}
    return to_jsonable_python(told)  # type: ignore[no-any-return]


def remember_all(db: Session, actor: Actor, board_id: UUID, edits: Sequence[dict[str, Any]]) -> None:
    """Last card first: going back, each finds above it the card that was there."""
    if not edits or not remembers(db, actor):
        return
    mine = sa.and_(BoardEditRow.board_id == board_id, BoardEditRow.person_id == actor.id)
    db.execute(sa.delete(BoardEditRow).where(mine, BoardEditRow.undone_at.is_not(None)))
    last = db.scalar(sa.select(sa.func.coalesce(sa.func.max(BoardEditRow.step), 0)).where(mine)) or 0
    step = db.info.get(STEP) or last + 1
    db.execute(sa.delete(BoardEditRow).where(mine, BoardEditRow.step <= step - KEPT))
    same = {"board_id": board_id, "person_id": actor.id, "step": step, "at": clock.now()}
    db.execute(sa.insert(BoardEditRow), [{**same, **edit} for edit in edits])
    if STEP in db.info:
        db.info[STEP] = step
