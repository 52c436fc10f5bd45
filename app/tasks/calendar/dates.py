"""The cards of a month."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks.access import access_board
from app.tasks.calendar.schemas import DatedCard
from app.tasks.filters import service as filters
from app.tasks.tables import CardRow, ColumnRow

MOST = 1_000


def dated_cards(
    db: Session,
    actor: Actor,
    board_id: UUID,
    since: date,
    until: date,
    *,
    filter: str = "",
    zone: ZoneInfo | None = None,
) -> list[DatedCard]:
    """Cards on the board that start or are due before `until` and not before `since`, urgent ones first."""
    access_board(db, actor, board_id)
    within = [sa.and_(day >= since, day < until) for day in (CardRow.start_on, CardRow.due_on)]
    query = sa.select(CardRow, ColumnRow.name).join(ColumnRow, ColumnRow.id == CardRow.column_id)
    query = query.where(CardRow.board_id == board_id, sa.or_(*within))
    query = query.where(filters.condition(filters.parse(filter), actor, board_id, zone))
    urgency = sa.case({"urgent": 0, "high": 1, "medium": 2}, value=CardRow.priority, else_=3)
    rows = db.execute(query.order_by(urgency, CardRow.number).limit(MOST)).tuples()
    return [
        DatedCard(
            id=card.id,
            number=card.number,
            title=card.title,
            priority=card.priority,
            column=column,
            start_on=card.start_on,
            due_on=card.due_on,
            completed=card.completed_at is not None,
        )
        for card, column in rows
    ]
