"""Notes what a person does to cards, so that they can take it back. What rules do is nobody's to undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.tables import CardRow
from app.tasks.undo.tables import BoardEditRow

KEPT = 100  # steps of one person on one board
STEP, QUIET = "board_step", "board_edits_quiet"
ARCHIVED: dict[str, Any] = {"archived": True}


@contextmanager
def one_step(db: Session) -> Iterator[None]:
    """All that is done to the cards of one board inside is taken back together. May be nested: the outer one counts."""
    if STEP in db.info:
        yield
        return
    db.info[STEP] = None
    try:
        yield
    finally:
        del db.info[STEP]


@contextmanager
def unrecorded(db: Session) -> Iterator[None]:
    before, db.info[QUIET] = db.info.get(QUIET, False), True
    try:
        yield
    finally:
        db.info[QUIET] = before


def remembers(db: Session, actor: Actor) -> bool:
    return actor.id is not None and not db.info.get(QUIET, False)


def here(db: Session, card: CardRow) -> dict[str, Any]:
    """Where a card is, in a way that leads back there after others have moved too."""
    if card.archived_at is not None:
        return ARCHIVED
    near = sa.select(CardRow.id).where(CardRow.column_id == card.column_id, CardRow.rank < card.rank)
    return place_of(card, db.scalar(near.order_by(CardRow.rank.desc()).limit(1)))


def place_of(card: CardRow, above: UUID | None) -> dict[str, Any]:
    return {
        "column_id": str(card.column_id),
        "lane_id": card.lane_id and str(card.lane_id),
        "above": above and str(above),
        "rank": card.rank,
        "completed_at": card.completed_at and card.completed_at.isoformat(),
        "category": card.category,
    }


def remember(
    db: Session, actor: Actor, card: CardRow, kind: str, *, before: dict[str, Any], after: dict[str, Any], version: int
) -> None:
    """`version` is the one before. An edit after an undo leaves nothing to redo."""
    if not remembers(db, actor):
        return
    mine = sa.and_(BoardEditRow.board_id == card.board_id, BoardEditRow.person_id == actor.id)
    last = sa.select(sa.func.coalesce(sa.func.max(BoardEditRow.step), 0))
    last_step = last.where(mine, BoardEditRow.undone_at.is_(None)).scalar_subquery()
    old = sa.delete(BoardEditRow).where(mine, sa.or_(BoardEditRow.undone_at.is_not(None), _is_old(last_step)))
    step = db.info.get(STEP)
    values = {
        "board_id": card.board_id,
        "person_id": actor.id,
        "step": sa.literal(step) if step else last_step + 1,
        "card_id": card.id,
        "kind": kind,
        "before": before,
        "after": after,
        "version_before": version,
        "version_after": card.version,
        "at": clock.now(),
    }
    new = sa.insert(BoardEditRow).values(values).returning(BoardEditRow.step).add_cte(old.cte("old"))
    added = db.execute(new).scalar_one()
    if STEP in db.info:
        db.info[STEP] = added


def _is_old(last_step: sa.ScalarSelect[int]) -> sa.ColumnElement[bool]:
    return BoardEditRow.step <= last_step + 1 - KEPT
