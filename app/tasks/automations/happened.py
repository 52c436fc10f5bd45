"""What lines of cards' histories mean in the words of rules: for those cards, and for those that waited for them."""

import re
from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.tasks.automations.parts import Trigger
from app.tasks.details.tables import BlockerRow, ChecklistItemRow
from app.tasks.events import Batch
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, TransitionRow, is_open

COMPLETION = {"completed", "reopened"}
WAITING = {"blocked", "unblocked"}


class Happened:
    """For the lines of one change, one a card. Looks up only what rules of the given kinds need to know."""

    def __init__(self, db: Session, batch: Batch, kinds: set[str]) -> None:
        self.db, self.batch = db, batch
        self.completed_before = self._completed_before() if kinds & (COMPLETION | WAITING) else set()
        self.others = [*self._others(), *self._own_links()] if kinds & WAITING else []

    def cards_for(self, when: Trigger) -> list[tuple[CardRow, TransitionRow]]:
        """Those that a rule with this trigger is about now, each with the line that makes it so."""
        own = [(card, event) for card, event in self.batch if self._is(when, card, event)]
        return own + [(card, event) for kind, card, event in self.others if kind == when.kind]

    def _is(self, when: Trigger, card: CardRow, event: TransitionRow) -> bool:
        completed, before = event.completed_at is not None, event.card_id in self.completed_before
        if when.kind == "created":
            return event.kind == EventKind.created and when.column_id in (None, event.to_column_id)
        if when.kind == "moved":
            moved = event.kind == EventKind.moved and event.from_column_id != event.to_column_id
            return moved and when.column_id in (None, event.to_column_id)
        if when.kind in COMPLETION:
            return completed != before and completed == (when.kind == "completed")
        if when.kind == "label_added":
            return _has_new_label(card, event, when.label_id)
        if when.kind == "checklist_done":
            return self._was_last_item(card, event)
        return False

    def _completed_before(self) -> set[UUID]:
        """As the line before says."""
        cards, first = [event.card_id for _, event in self.batch], min(event.id for _, event in self.batch)
        before = sa.select(TransitionRow.card_id, TransitionRow.completed_at).distinct(TransitionRow.card_id)
        before = before.where(TransitionRow.card_id.in_(cards), TransitionRow.id < first)
        found = self.db.execute(before.order_by(TransitionRow.card_id, TransitionRow.id.desc())).tuples()
        return {card_id for card_id, completed_at in found if completed_at is not None}

    def _was_last_item(self, card: CardRow, event: TransitionRow) -> bool:
        """An item was ticked or taken away, and none is open now."""
        changes = event.changes
        ticked = changes.get("ticked", (None, None))[1] is not None
        removed = "checklist" in changes and changes["checklist"][1] is None
        if not (ticked or removed):
            return False
        still_open = sa.func.count().filter(ChecklistItemRow.done_at.is_(None))
        counts = sa.select(sa.func.count(), still_open).where(ChecklistItemRow.card_id == card.id)
        total, left = self.db.execute(counts).one()
        return bool(total) and not left

    def _others(self) -> Iterator[tuple[str, CardRow, TransitionRow]]:
        """Blocked: waits for exactly one open card, one of these. Unblocked: for none any more."""
        turned = {event.card_id: event for _, event in self.batch if _is_open(event) != self._was_open(event)}
        if not turned:
            return
        waiting = sa.select(CardRow, BlockerRow.blocker_id, _open_blockers(BlockerRow.card_id))
        waiting = waiting.join(BlockerRow, BlockerRow.card_id == CardRow.id).where(BlockerRow.blocker_id.in_(turned))
        for card, blocker_id, count in self.db.execute(waiting.order_by(CardRow.number)).tuples():
            event = turned[blocker_id]
            if count == int(_is_open(event)):
                yield ("blocked" if _is_open(event) else "unblocked"), card, event

    def _own_links(self) -> Iterator[tuple[str, CardRow, TransitionRow]]:
        for card, event in self.batch:
            removed, added = event.changes.get("blocked_by", (None, None))
            number = re.match(r"#(\d+)", added or removed or "")
            other = sa.select(CardRow).where(CardRow.board_id == card.board_id, is_open(CardRow))
            if number is None or self.db.scalar(other.where(CardRow.number == int(number[1]))) is None:
                continue
            if self.db.scalar(sa.select(_open_blockers(sa.literal(card.id, sa.Uuid())))) == int(bool(added)):
                yield ("blocked" if added else "unblocked"), card, event

    def _was_open(self, event: TransitionRow) -> bool:
        gone = event.kind in (EventKind.revived, EventKind.deleted)
        return event.card_id not in self.completed_before and not gone


def _has_new_label(card: CardRow, event: TransitionRow, label_id: UUID) -> bool:
    if event.kind == EventKind.created:
        return label_id in card.label_ids
    old, new = ({label["id"] for label in side} for side in event.changes.get("labels", ([], [])))
    return str(label_id) in new - old


def _is_open(event: TransitionRow) -> bool:
    return event.completed_at is None and event.kind not in (EventKind.archived, EventKind.deleted)


def _open_blockers(card_id: "sa.ColumnElement[UUID] | sa.orm.InstrumentedAttribute[UUID]") -> "sa.ScalarSelect[int]":
    link, blocker = aliased(BlockerRow), aliased(CardRow)
    count = sa.select(sa.func.count()).select_from(link).join(blocker, blocker.id == link.blocker_id)
    return count.where(link.card_id == card_id, is_open(blocker)).scalar_subquery()
