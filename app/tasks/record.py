"""The two logs of a board: what happened to its cards, and what its columns were."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.tasks.schemas import Card, EventKind
from app.tasks.tables import BoardRow, CardRow, ColumnChangeRow, ColumnRow, TransitionRow

LEFT = "Somebody who has left"


def as_seen(db: Session, actor: Actor, card: CardRow) -> Card:
    names = accounts.person_names(db, actor) if card.assignee_id else {}
    return with_assignee(card, names)


def with_assignee(card: CardRow, names: dict[UUID, str]) -> Card:
    name = names.get(card.assignee_id, LEFT) if card.assignee_id else None
    return Card.model_validate(card).model_copy(update={"assignee": name})


def log_card(
    db: Session,
    actor: Actor,
    card: CardRow,
    kind: EventKind,
    *,
    origin: ColumnRow | None = None,
    target: ColumnRow | None = None,
    changes: dict[str, Any] | None = None,
) -> Card:
    """Appends one line, marks the board as changed, and gives the card as others see it now."""
    seen = as_seen(db, actor, card)
    db.add(
        TransitionRow(
            board_id=card.board_id,
            card_id=card.id,
            kind=kind.value,
            at=clock.now(),
            person_id=actor.id,
            person=actor.name,
            from_column_id=origin.id if origin else None,
            from_column=origin.name if origin else None,
            to_column_id=target.id if target else None,
            to_column=target.name if target else None,
            changes=changes or {},
            title=card.title,
            priority=card.priority,
            category=card.category,
            assignee=seen.assignee,
            due_on=card.due_on,
            completed_at=card.completed_at,
        )
    )
    touch(db, card)
    return seen


def touch(db: Session, thing: CardRow | ColumnRow) -> None:
    """The next look at the revision tells everybody to load the board again."""
    change = sa.update(BoardRow).where(BoardRow.id == thing.board_id).values(revision=BoardRow.revision + 1)
    db.execute(change, execution_options={"synchronize_session": False})


def log_column(db: Session, actor: Actor, column: ColumnRow, position: int, *, removed: bool = False) -> None:
    db.add(
        ColumnChangeRow(
            board_id=column.board_id,
            column_id=column.id,
            at=clock.now(),
            person_id=actor.id,
            name=column.name,
            position=position,
            is_done=column.is_done,
            wip_limit=column.wip_limit,
            removed=removed,
        )
    )
