"""The two logs of a board: what happened to its cards, and what its columns were."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
    return show(card, named(card.assignee_ids, names), warnings)


def show(card: CardRow, people: Sequence[dict[str, str]], warnings: Sequence[str] = ()) -> Card:
    """With people named as the log names them."""
    given = [Assignee.model_validate(one) for one in people]
    return Card.model_validate(card).model_copy(update={"assignees": given, "warnings": list(warnings)})


@dataclass(frozen=True)
class Line:
    """What happened to a card, for its log. Without `lane_before` it stayed in its lane."""

    card: CardRow
    kind: EventKind
    origin: ColumnRow | None = None
    target: ColumnRow | None = None
    lane_before: UUID | None = SAME
    changes: dict[str, Any] | None = None


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
    log_cards(db, actor, card.board_id, [Line(card, kind, origin, target, lane_before, changes)])


def log_cards(db: Session, actor: Actor, board_id: UUID, lines: Sequence[Line]) -> None:
    """One line for each card of one change, as `log_card` does it, in a constant number of statements."""
    if not lines:
        return
    with db.no_autoflush:  # so that a card is written once, with its revision
        revision, names = bump(db, board_id), _Names(db, actor, board_id, lines)
    events = []
    for line in lines:
        line.card.revision = revision
        events.append(event_of(actor, line, names.of(line.card)))
    db.add_all(events)
    db.flush()
    cards = [line.card for line in lines]
    tell_listeners(db, actor, list(zip(cards, events, strict=True)))


@dataclass(frozen=True)
class Called:
    """Lanes, and the people and labels of one card, by the names they have now: the log keeps those."""

    lanes: Mapping[UUID | None, str | None]
    people: list[dict[str, str]]
    labels: list[str]


class _Names:
    """The same for all cards of one change."""

    def __init__(self, db: Session, actor: Actor, board_id: UUID, lines: Sequence[Line]) -> None:
        cards = [line.card for line in lines]
        in_lanes = any(card.lane_id for card in cards) or any(line.lane_before not in (SAME, None) for line in lines)
        lanes = lanes_of(db, board_id) if in_lanes else {}
        self.lanes: dict[UUID | None, str | None] = {id_: lane.name for id_, lane in lanes.items()}
        self.people = accounts.person_names(db, actor) if any(card.assignee_ids for card in cards) else {}
        labelled = any(card.label_ids for card in cards)
        self.labels = {id_: label.name for id_, label in labels_of(db, board_id).items()} if labelled else {}

    def of(self, card: CardRow) -> Called:
        labels = [name for id_, name in self.labels.items() if id_ in card.label_ids]
        return Called(self.lanes, named(card.assignee_ids, self.people), labels)


def event_of(actor: Actor, line: Line, called: Called) -> TransitionRow:
    """The one way to a line of the log, for a card that is already as the change leaves it."""
    card, origin, target = line.card, line.origin, line.target
    lane_before = card.lane_id if line.lane_before is SAME else line.lane_before
    from_lane, to_lane = lane_before if origin else None, card.lane_id if target else None
    state = ("board_id", "number", "title", "priority", "category", "estimate", "due_on", "completed_at")
    return TransitionRow(
        **{field: getattr(card, field) for field in state},
        card_id=card.id,
        kind=line.kind.value,
        at=clock.now(),
        person_id=actor.id,
        person=actor.name,
        from_column_id=origin.id if origin else None,
        from_column=origin.name if origin else None,
        to_column_id=target.id if target else None,
        to_column=target.name if target else None,
        from_lane_id=from_lane,
        from_lane=called.lanes.get(from_lane),
        to_lane_id=to_lane,
        to_lane=called.lanes.get(to_lane),
        changes=line.changes or {},
        assignees=called.people,
        labels=called.labels,
    )


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
