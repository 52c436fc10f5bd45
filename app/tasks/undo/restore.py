"""Brings cards back into states they once had: their places, their fields, or the archive.

However many cards there are, it takes the same number of statements: all is read first, then changed in memory.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict
from app.tasks.access import check_on_board, columns_of
from app.tasks.belongings import lanes_of
from app.tasks.details.blockers import check_unblocked, touch_waiting
from app.tasks.moves import check_held, recategorize
from app.tasks.record import Line, bump, log_cards
from app.tasks.schemas import BoardOptions, CardChange, EventKind, WipMode
from app.tasks.tables import BoardRow, CardRow
from app.tasks.undo.belongings import Belongings
from app.tasks.undo.places import Places

PLAIN = ("title", "description", "priority", "category", "start_on", "due_on", "estimate")
PLACE = ("column_id", "lane_id", "rank", "completed_at", "archived_at")
State = dict[str, Any]


class ColumnGone(Conflict):
    """The column this card was in is gone."""


@dataclass(frozen=True)
class Was:
    """A card before any of it."""

    column_id: UUID | None
    lane_id: UUID | None
    completed: bool
    version: int
    facts: dict[str, Any]


class Restorer:
    """For cards of one board under its lock."""

    def __init__(self, db: Session, actor: Actor, board: BoardRow, card_ids: Collection[UUID], states: Sequence[State]):
        self.db, self.actor, self.board = db, actor, board
        query = sa.select(CardRow).where(CardRow.id.in_(card_ids)).execution_options(populate_existing=True)
        self.cards = {card.id: card for card in db.scalars(query)}
        self.columns, self.lanes = columns_of(db, board.id), lanes_of(db, board.id)
        self.options = BoardOptions.model_validate(board.options)
        gone_to = {UUID(state["column_id"]) for state in states if "column_id" in state}
        now_in = {card.column_id for card in self.cards.values() if card.column_id}
        self.places = Places(db, self.cards.values(), gone_to | now_in)
        self.belongings = Belongings(db, actor, board, self.cards.values(), states)
        self.was = {id_: _as_it_is(card) for id_, card in self.cards.items()}

    def restore(self, card: CardRow, state: State) -> None:
        """In memory only. Raises ColumnGone, ColumnFull, CardIsArchived."""
        if "fields" in state:
            self._set_fields(card, CardChange.model_validate({**state["fields"], "version": card.version}))
        elif not state.get("archived"):
            self._put(card, state)
        elif card.archived_at is None:
            self.places.take(card)
            card.archived_at = clock.now()
            card.version += 1

    def finish(self) -> None:
        """Writes it all, with one line a card in the log. Raises CardBlocked."""
        self.db.execute(sa.text("set constraints uq_cards_column_id_rank deferred"))  # cards may change places
        with self.db.no_autoflush:
            self._check_and_touch_links()
            self.belongings.write()
            self.places.write()
            self._mark()
            lines = [line for card in self.cards.values() if (line := self._line(card))]
            self._touch({line.card.id for line in lines})
            log_cards(self.db, self.actor, self.board.id, lines)
        self.db.flush()
        self.db.execute(sa.text("set constraints uq_cards_column_id_rank immediate"))

    def _put(self, card: CardRow, state: State) -> None:
        target = self.columns.get(UUID(state["column_id"]))
        if target is None:
            raise ColumnGone(f"The column that “{card.title}” was in is gone.")
        lane_id = self._lane(state["lane_id"])
        self._check_room(card, target.id, lane_id)
        self.places.put(card, target.id, lane_id, state)
        card.archived_at = None
        if (card.completed_at is not None) != target.is_done:
            recategorize(card, self.options, is_done=target.is_done)
        if card.completed_at and state["completed_at"]:  # when it was completed, and not now
            card.completed_at = datetime.fromisoformat(state["completed_at"])
        card.category = state["category"]
        card.version += 1

    def _lane(self, lane_id: object) -> UUID | None:
        """None when the lane is gone."""
        wanted = UUID(str(lane_id)) if lane_id else None
        return wanted if wanted in self.lanes else None

    def _check_room(self, card: CardRow, column_id: UUID, lane_id: UUID | None) -> None:
        column = self.columns[column_id]
        stays = card.column_id == column_id and (card.lane_id == lane_id or not column.wip_per_lane)
        if not stays and column.wip_mode == WipMode.block:
            check_held(self.db, column, lane_id, self.places.held(column, lane_id))

    def _set_fields(self, card: CardRow, wanted: CardChange) -> None:
        check_on_board(card)
        before, given = _facts(card), wanted.model_fields_set
        for name in given.intersection(PLAIN):
            setattr(card, name, getattr(wanted, name))
        self.belongings.set(card, wanted)
        lane_id = self._lane(wanted.lane_id) if "lane_id" in given else card.lane_id
        in_other_lane = lane_id != card.lane_id
        if in_other_lane and card.column_id and card.rank:
            self._check_room(card, card.column_id, lane_id)
            self.places.put(card, card.column_id, lane_id, self.places.here(card))
        if in_other_lane or _facts(card) != before:
            card.version += 1

    def _check_and_touch_links(self) -> None:
        turned = [
            card for id_, card in self.cards.items() if (card.completed_at is not None) != self.was[id_].completed
        ]
        completed = [card for card in turned if card.completed_at]
        if completed and self.options.forbid_done_while_blocked:
            self.db.flush()
            check_unblocked(self.db, completed)
        if turned:
            touch_waiting(self.db, self.board.id, [card.id for card in turned])

    def _mark(self) -> None:
        """Each is written with all columns, so that all are written in one statement."""
        for card in self.cards.values():
            if card.version != self.was[card.id].version:
                for name in (*PLAIN, *PLACE):
                    flag_modified(card, name)

    def _line(self, card: CardRow) -> Line | None:
        was, changes = self.was[card.id], self._changes(card)
        origin = self.columns.get(was.column_id) if was.column_id else None
        target = self.columns.get(card.column_id) if card.column_id else None
        if (origin is None) != (target is None):
            kind = EventKind.revived if target else EventKind.archived
        elif (was.column_id, was.lane_id) != (card.column_id, card.lane_id):
            kind = EventKind.moved
        elif changes:
            kind = EventKind.changed
        else:
            return None
        return Line(card, kind, origin, target, was.lane_id, changes)

    def _changes(self, card: CardRow) -> dict[str, Any]:
        before, after = self.was[card.id].facts, _facts(card)
        differ = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        for name in differ.keys() & {"labels", "assignees"}:
            differ[name] = [self.belongings.named(name, ids) for ids in differ[name]]
        return to_jsonable_python(differ)  # type: ignore[no-any-return]

    def _touch(self, logged: set[UUID]) -> None:
        """What only lies elsewhere in its column is shown anew, but that is nothing for the log."""
        cards = [
            card for id_, card in self.cards.items() if id_ not in logged and card.version != self.was[id_].version
        ]
        revision = bump(self.db, self.board.id) if cards else 0
        for card in cards:
            card.revision = revision


def _as_it_is(card: CardRow) -> Was:
    return Was(card.column_id, card.lane_id, card.completed_at is not None, card.version, _facts(card))


def _facts(card: CardRow) -> dict[str, Any]:
    facts = {name: getattr(card, name) for name in PLAIN}
    return {**facts, "labels": set(card.label_ids), "assignees": set(card.assignee_ids)}
