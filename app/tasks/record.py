"""The two logs of a board: what happened to its cards, and what its columns were."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.tasks.belongings import labels_of, lanes_of, named
from app.tasks.events import tell_listeners
from app.tasks.schemas import Assignee, Card, EventKind
from app.tasks.tables import BoardRow, CardRow, ColumnChangeRow, ColumnRow, TransitionRow

SAME: Any = object()


def as_seen(db: Session, actor: Actor, card: CardRow, warnings: Sequence[str] = ()) -> Card:
    names = accounts.person_names(db, actor) if card.assignee_ids else {}
    return with_assignees(card, names, warnings)


def with_assignees(card: CardRow, names: dict[UUID, str], warnings: Sequence[str] = ()) -> Card:
    people = [Assignee.model_validate(one) for one in named(card.assignee_ids, names)]
    return Card.model_validate(card).model_copy(update={"assignees": people, "warnings": list(warnings)})


def log_card(
    db: Session,
    actor: Actor,
    card: CardRow,
    kind: EventKind,
    *,
    origin: ColumnRow | None = None,
    target: ColumnRow | None = None,
    lane_before: UUID | None = SAME,
    changes: dict[str, Any] | None = None,
) -> None:
    """Appends one line, marks card and board as changed, and tells whoever listens."""
    touch(db, card)
    lane_before = card.lane_id if lane_before is SAME else lane_before
    event = TransitionRow(
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
        from_lane_id=lane_before if origin else None,
        to_lane_id=card.lane_id if target else None,
        changes=changes or {},
        **_state(card),
    )
    _name_all(db, actor, card, event)
    db.add(event)
    db.flush()
    tell_listeners(db, actor, card, event)


def _state(card: CardRow) -> dict[str, Any]:
    fields = ("number", "title", "priority", "category", "estimate", "due_on", "completed_at")
    return {field: getattr(card, field) for field in fields}


def _name_all(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    """Lanes, labels and people keep the names they have now."""
    if event.from_lane_id or event.to_lane_id:
        lanes = {id_: lane.name for id_, lane in lanes_of(db, card.board_id).items()}
        event.from_lane = lanes.get(event.from_lane_id) if event.from_lane_id else None
        event.to_lane = lanes.get(event.to_lane_id) if event.to_lane_id else None
    names = accounts.person_names(db, actor) if card.assignee_ids else {}
    labels = labels_of(db, card.board_id) if card.label_ids else {}
    event.assignees = named(card.assignee_ids, names)
    event.labels = [label.name for id_, label in labels.items() if id_ in card.label_ids]


def touch(db: Session, card: CardRow) -> None:
    """The next look at the revision tells everybody to load this card again."""
    card.revision = bump(db, card.board_id)


def touch_cards(db: Session, board_id: UUID, card_ids: Collection[UUID]) -> None:
    """For what is shown on cards without being one of their fields. Under the board's lock."""
    change = sa.update(CardRow).where(CardRow.id.in_(card_ids)).values(revision=bump(db, board_id))
    db.execute(change, execution_options={"synchronize_session": False})


def bump(db: Session, board_id: UUID) -> int:
    """The board's new revision. Under its lock, so that revisions are committed in their order."""
    change = sa.update(BoardRow).where(BoardRow.id == board_id).values(revision=BoardRow.revision + 1)
    return db.execute(
        change.returning(BoardRow.revision), execution_options={"synchronize_session": False}
    ).scalar_one()


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
