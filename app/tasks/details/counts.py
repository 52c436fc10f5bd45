"""What hangs on the cards of a board, counted for their faces."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.tasks.details.schemas import Counts
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, FileRow, NoteRow
from app.tasks.tables import CardRow, is_open

NOTHING = Counts()


def counts(db: Session, board_id: UUID, card_ids: Collection[UUID] | None = None) -> dict[UUID, Counts]:
    """Of all cards of a board, or of some of them; cards with nothing on them are left out. Two queries, whatever."""
    found: dict[UUID, dict[str, Any]] = {}
    for card_id, name, count in db.execute(_counted(board_id, card_ids)).tuples():
        found.setdefault(card_id, {})[name] = count
    for card_id, numbers in db.execute(_blocked(board_id, card_ids)).tuples():
        found.setdefault(card_id, {})["blocked_by"] = numbers
    return {card_id: Counts.model_construct(**{**dict(NOTHING), **values}) for card_id, values in found.items()}


def _counted(board_id: UUID, card_ids: Collection[UUID] | None) -> Any:
    parts: dict[str, tuple[Any, Any]] = {
        "checklist_total": (ChecklistItemRow, sa.true()),
        "checklist_done": (ChecklistItemRow, ChecklistItemRow.done_at.is_not(None)),
        "comments": (CommentRow, sa.true()),
        "notes": (NoteRow, sa.true()),
        "files": (FileRow, sa.true()),
    }
    queries = []
    for name, (row, wanted) in parts.items():
        query = sa.select(row.card_id, sa.literal(name).label("name"), sa.func.count().label("count"))
        query = query.join(CardRow, CardRow.id == row.card_id).where(_cards(CardRow, board_id, card_ids), wanted)
        queries.append(query.group_by(row.card_id))
    return sa.union_all(*queries)


def _blocked(board_id: UUID, card_ids: Collection[UUID] | None) -> Any:
    blocker = aliased(CardRow)
    numbers = sa.func.array_agg(sa.dialects.postgresql.aggregate_order_by(blocker.number, blocker.number))
    query = sa.select(BlockerRow.card_id, numbers).join(blocker, blocker.id == BlockerRow.blocker_id)
    query = query.join(CardRow, CardRow.id == BlockerRow.card_id)
    return query.where(_cards(CardRow, board_id, card_ids), is_open(blocker)).group_by(BlockerRow.card_id)


def _cards(card: Any, board_id: UUID, card_ids: Collection[UUID] | None) -> sa.ColumnElement[bool]:
    on_board = card.board_id == board_id
    return on_board if card_ids is None else sa.and_(on_board, card.id.in_(card_ids))
