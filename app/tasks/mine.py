"""What one person has to do, over all boards."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.tasks.access import visible_boards
from app.tasks.schemas import Card, MyCard
from app.tasks.tables import BoardRow, CardRow, ColumnRow


def my_open_cards(db: Session, actor: Actor, limit: int = 20) -> list[MyCard]:
    """Neither done nor archived; what is due first comes first, cards without a date last."""
    require_role(actor, Role.viewer)
    query = (
        sa.select(CardRow, BoardRow.name, ColumnRow.name)
        .join(BoardRow, BoardRow.id == CardRow.board_id)
        .join(ColumnRow, ColumnRow.id == CardRow.column_id)
        .where(
            CardRow.assignee_id == actor.id, CardRow.archived_at.is_(None), ~ColumnRow.is_done, visible_boards(actor)
        )
        .order_by(CardRow.due_on.asc().nulls_last(), CardRow.created_at, CardRow.id)
        .limit(limit)
    )
    return [
        MyCard(
            **Card.model_validate(card).model_dump(exclude={"assignee"}),
            assignee=actor.name,
            board=board,
            column=column,
        )
        for card, board, column in db.execute(query).tuples()
    ]
