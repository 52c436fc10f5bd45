"""What a line of a card's history means in the words of rules: for that card, and for those that waited for it."""

import re
from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.tasks.automations.parts import Trigger
from app.tasks.details.tables import BlockerRow, ChecklistItemRow
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, TransitionRow, is_open

COMPLETION = {"completed", "reopened"}
WAITING = {"blocked", "unblocked"}


class Happened:
    """Looks up only what rules of the given kinds need to know."""

    def __init__(self, db: Session, card: CardRow, event: TransitionRow, kinds: set[str]) -> None:
        self.db, self.card, self.event, self.kinds = db, card, event, kinds
        self.was_completed = self._was_completed() if kinds & (COMPLETION | WAITING) else False
        self.others = list(self._others()) if kinds & WAITING else []

    def cards_for(self, when: Trigger) -> list[CardRow]:
        """Those that a rule with this trigger is about now."""
        own = [self.card] if self._is(when) else []
        return own + [card for kind, card in self.others if kind == when.kind]

    def _is(self, when: Trigger) -> bool:
        event, completed = self.event, self.event.completed_at is not None
        if when.kind == "created":
            return event.kind == EventKind.created and when.column_id in (None, event.to_column_id)
        if when.kind == "moved":
            moved = event.kind == EventKind.moved and event.from_column_id != event.to_column_id
            return moved and when.column_id in (None, event.to_column_id)
        if when.kind in COMPLETION:
            return completed != self.was_completed and completed == (when.kind == "completed")
        if when.kind == "label_added":
            return self._has_new_label(when.label_id)
        if when.kind == "checklist_done":
            return self._was_last_item()
        return False

    def _was_completed(self) -> bool:
        """As the line before says."""
        before = sa.select(TransitionRow.completed_at).where(
            TransitionRow.card_id == self.event.card_id, TransitionRow.id < self.event.id
        )
        return self.db.scalar(before.order_by(TransitionRow.id.desc()).limit(1)) is not None

    def _has_new_label(self, label_id: UUID) -> bool:
        if self.event.kind == EventKind.created:
            return label_id in self.card.label_ids
        old, new = ({label["id"] for label in side} for side in self.event.changes.get("labels", ([], [])))
        return str(label_id) in new - old

    def _was_last_item(self) -> bool:
        """An item was ticked or taken away, and none is open now."""
        changes = self.event.changes
        ticked = changes.get("ticked", (None, None))[1] is not None
        removed = "checklist" in changes and changes["checklist"][1] is None
        if not (ticked or removed):
            return False
        still_open = sa.func.count().filter(ChecklistItemRow.done_at.is_(None))
        counts = sa.select(sa.func.count(), still_open).where(ChecklistItemRow.card_id == self.card.id)
        total, left = self.db.execute(counts).one()
        return bool(total) and not left

    def _others(self) -> Iterator[tuple[str, CardRow]]:
        """Blocked: waits for exactly one open card, the one this is about. Unblocked: for none any more."""
        if "blocked_by" in self.event.changes:
            yield from self._own_links(*self.event.changes["blocked_by"])
        is_open = self._is_open()
        if is_open == self._was_open():
            return
        held = _open_blockers(BlockerRow.card_id)
        waiting = sa.select(CardRow, held).join(BlockerRow, BlockerRow.card_id == CardRow.id)
        for card, count in self.db.execute(waiting.where(BlockerRow.blocker_id == self.card.id)).tuples():
            if count == int(is_open):
                yield ("blocked" if is_open else "unblocked"), card

    def _own_links(self, removed: str | None, added: str | None) -> Iterator[tuple[str, CardRow]]:
        number = re.match(r"#(\d+)", added or removed or "")
        other = sa.select(CardRow).where(CardRow.board_id == self.card.board_id, is_open(CardRow))
        if number is None or self.db.scalar(other.where(CardRow.number == int(number[1]))) is None:
            return
        if self.db.scalar(sa.select(_open_blockers(sa.literal(self.card.id, sa.Uuid())))) == int(bool(added)):
            yield ("blocked" if added else "unblocked"), self.card

    def _is_open(self) -> bool:
        return self.event.completed_at is None and self.event.kind not in (EventKind.archived, EventKind.deleted)

    def _was_open(self) -> bool:
        return not self.was_completed and self.event.kind not in (EventKind.revived, EventKind.deleted)


def _open_blockers(card_id: "sa.ColumnElement[UUID] | sa.orm.InstrumentedAttribute[UUID]") -> "sa.ScalarSelect[int]":
    link, blocker = aliased(BlockerRow), aliased(CardRow)
    count = sa.select(sa.func.count()).select_from(link).join(blocker, blocker.id == link.blocker_id)
    return count.where(link.card_id == card_id, is_open(blocker)).scalar_subquery()
