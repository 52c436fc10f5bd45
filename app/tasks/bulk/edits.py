"""Sets the fields of many cards at once, and tells of each what it was before."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import service as accounts
from app.core.actor import Actor
from app.core.errors import Invalid
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.belongings import labels_of, named
from app.tasks.bulk.choose import Refusals
from app.tasks.bulk.schemas import CardsChange
from app.tasks.tables import BoardRow, CardAssigneeRow, CardLabelRow, CardRow
from app.tasks.vocabulary import MOST_HELD

PLAIN = ("priority", "category", "due_on", "estimate")
Facts = dict[str, Any]


def facts_of(card: CardRow) -> Facts:
    """What an edit may change, but for the place of the card."""
    facts = {field: getattr(card, field) for field in PLAIN}
    return {**facts, "labels": set(card.label_ids), "assignees": set(card.assignee_ids)}


class Editor:
    """For the cards of one board under its lock. Names are looked up once."""

    def __init__(self, db: Session, actor: Actor, board: BoardRow, change: CardsChange) -> None:
        self.db, self.change = db, change
        self.labels = {id_: label.name for id_, label in labels_of(db, board.id).items()}
        self.people = accounts.person_names(db, actor) if change.assign or change.unassign else {}
        if unknown := next(
            (id_ for id_ in (*change.add_labels, *change.remove_labels) if id_ not in self.labels), None
        ):
            raise Invalid(f"labels: this board has no label {unknown}.")
        allowed = sharing.audience(db, Kind.board, board) if change.assign else {}
        if hidden := next((id_ for id_ in change.assign if id_ not in allowed), None):
            who = self.people.get(hidden, str(hidden))
            raise Invalid(f"assign: {who} does not see this board. Share the board with them first.")

    def set_fields(self, cards: Sequence[CardRow], refusals: Refusals) -> None:
        given = self.change.model_fields_set
        for card in cards:
            for field in PLAIN:
                if field in given:
                    setattr(card, field, getattr(self.change, field))
            if self.change.shift_due_days and card.due_on:
                _shift(card, self.change.shift_due_days, refusals)
            if card.start_on and card.due_on and card.start_on > card.due_on:
                refusals.add(card, f"It would be due on {card.due_on}, before it starts on {card.start_on}.")
            self._check_held(card, refusals)

    def _check_held(self, card: CardRow, refusals: Refusals) -> None:
        change = self.change
        for what, held, more, less in (
            ("labels", card.label_ids, change.add_labels, change.remove_labels),
            ("people", card.assignee_ids, change.assign, change.unassign),
        ):
            new = set(more) - set(less) - set(held)
            if new and len(set(held) - set(less)) + len(new) > MOST_HELD:
                refusals.add(card, f"It would have more than {MOST_HELD} {what}.")

    def set_belongings(self, cards: Sequence[CardRow]) -> None:
        change = self.change
        _set(self.db, cards, CardLabelRow.label_id, "label_ids", change.add_labels, change.remove_labels)
        _set(self.db, cards, CardAssigneeRow.person_id, "assignee_ids", change.assign, change.unassign)

    def told(self, before: Facts, after: Facts) -> dict[str, Any]:
        """{field: [old, new]} of what differs, as the log keeps it."""
        names = {"labels": self.labels, "assignees": self.people}
        changes: dict[str, Any] = {}
        for field, old in before.items():
            if (new := after[field]) == old:
                continue
            both = [named(one, names[field]) if field in names else _in_json(one) for one in (old, new)]
            changes[field] = both
        return changes


def _shift(card: CardRow, days: int, refusals: Refusals) -> None:
    assert card.due_on
    try:
        card.due_on += timedelta(days)
    except OverflowError:
        refusals.add(card, f"{days} days from {card.due_on} there is no date.")


def _set(
    db: Session,
    cards: Sequence[CardRow],
    of: InstrumentedAttribute[UUID],
    ids: str,
    *both: Collection[UUID],
) -> None:
    """What is added and taken away, in two statements for all cards."""
    more, less = (set(one) for one in both)
    table, new = of.class_, []
    for card in cards:
        held = set(getattr(card, ids))
        wanted = (held - less) | (more - less)
        new += [{"card_id": card.id, of.key: id_} for id_ in wanted - held]
        if wanted != held:
            set_committed_value(card, ids, sorted(wanted))
    if less:
        gone = sa.delete(table).where(table.card_id.in_([card.id for card in cards]), of.in_(less))
        db.execute(gone, execution_options={"synchronize_session": False})
    if new:
        db.execute(sa.insert(table), new)


def _in_json(value: Any) -> Any:
    return value if value is None or isinstance(value, str | float | int) else str(value)
