"""What one person has to do, over all boards."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import Actor, Role, require_role
from app.tasks.access import visible_boards
from app.tasks.record import with_assignees
from app.tasks.schemas import MyCard
from app.tasks.tables import BoardRow, CardAssigneeRow, CardRow, ColumnRow


def my_open_cards(db: Session, actor: Actor, limit: int = 20) -> list[MyCard]:
    """Neither done nor archived; what is due first comes first, cards without a date last."""
    require_role(actor, Role.viewer)
    query = (
        sa.select(CardRow, BoardRow.name, ColumnRow.name)
        .join(BoardRow, BoardRow.id == CardRow.board_id)
        .join(ColumnRow, ColumnRow.id == CardRow.column_id)
        .where(
            CardRow.id.in_(sa.select(CardAssigneeRow.card_id).where(CardAssigneeRow.person_id == actor.id)),
            CardRow.archived_at.is_(None),
            BoardRow.archived_at.is_(None),
            ~ColumnRow.is_done,
            visible_boards(actor),
        )
        .order_by(CardRow.due_on.asc().nulls_last(), CardRow.created_at, CardRow.id)
        .limit(limit)
    )
    names = accounts.person_names(db, actor)
    return [
        MyCard(**with_assignees(card, names).model_dump(), board=board, column=column)
        for card, board, column in db.execute(query).tuples()
    ]
