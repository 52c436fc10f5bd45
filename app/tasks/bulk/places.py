"""Puts many cards at the end of a column, into a lane, or into the archive and back."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.errors import Invalid
from app.tasks.access import columns_of
from app.tasks.belongings import lanes_of
from app.tasks.bulk.choose import Refusals
from app.tasks.details.blockers import touch_waiting
from app.tasks.details.tables import BlockerRow
from app.tasks.moves import end_of, rank_between, recategorize
from app.tasks.schemas import BoardOptions, EventKind, WipMode
from app.tasks.tables import BoardRow, CardRow, ColumnRow, TransitionRow, is_open

Place = tuple[UUID | None, UUID | None]  # column and lane


class Room:
    """How many cards each column, or each lane of it, holds while cards come in."""

    def __init__(self, db: Session, board_id: UUID, columns: dict[UUID, ColumnRow]) -> None:
        self.columns, self.over = columns, set[UUID]()
        query = sa.select(CardRow.column_id, CardRow.lane_id, sa.func.count())
        query = query.where(CardRow.board_id == board_id, CardRow.column_id.is_not(None))
        self.held: dict[Place, int] = {}
        for column_id, lane_id, count in db.execute(query.group_by(CardRow.column_id, CardRow.lane_id)).tuples():
            self.held[column_id, lane_id] = count

    def enter(self, card: CardRow, old: Place, new: Place, refusals: Refusals) -> None:
        """What stays within the same limit takes no more room."""
        column = self.columns[new[0]]  # type: ignore[index]  # a column is where cards go
        self.held[new] = self.held.get(new, 0) + 1
        stays = old[0] == new[0] and (old == new or not column.wip_per_lane)
        if stays or column.wip_limit is None:
            return
        held = (count for (at, lane), count in self.held.items() if at == column.id)
        count = self.held[new] if column.wip_per_lane else sum(held)
        if count <= column.wip_limit:
            return
        if column.wip_mode == WipMode.warn:
            self.over.add(column.id)
        else:
            refusals.add(card, f"“{column.name}” takes at most {column.wip_limit}.")

    def warnings(self) -> list[str]:
        over = [column for id_, column in self.columns.items() if id_ in self.over]
        return [f"“{column.name}” now holds more than its limit of {column.wip_limit}." for column in over]


class Mover:
    """For one board under its lock."""

    def __init__(self, db: Session, board: BoardRow, refusals: Refusals) -> None:
        self.db, self.board, self.refusals = db, board, refusals
        self.columns = columns_of(db, board.id)
        self.room = Room(db, board.id, self.columns)
        self.ends: dict[UUID, str | None] = {}
        self.ranks: list[str] = []  # for the cards that do not go to the end

    def column(self, column_id: UUID) -> ColumnRow:
        if column_id not in self.columns:
            raise Invalid(f"column: this board has no column {column_id}.")
        return self.columns[column_id]

    def check_lane(self, lane_id: UUID | None) -> None:
        if lane_id is not None and lane_id not in lanes_of(self.db, self.board.id):
            raise Invalid(f"lane: this board has no lane {lane_id}.")

    def move(self, places: Sequence[tuple[CardRow, Place]]) -> None:
        """To the end of their columns, in this order; within its column a card keeps its position."""
        going = [(card, (card.column_id, card.lane_id), new) for card, new in places]
        going = [(card, old, new) for card, old, new in going if old != new]
        for _, old, _new in going:
            if old[0] is not None:
                self.room.held[old] -= 1
        for card, old, new in going:
            self.room.enter(card, old, new, self.refusals)
        self._complete([(card, self.columns[new[0]].is_done) for card, _, new in going if new[0]])
        for card, old, new in going:
            assert new[0]
            if old[0] != new[0]:
                card.rank = self.ranks.pop(0) if self.ranks else self._end(new[0])
            card.column_id, card.lane_id = new
            card.archived_at = None

    def _end(self, column_id: UUID) -> str:
        column = self.columns[column_id]
        last = self.ends[column_id] if column_id in self.ends else end_of(self.db, column)[0]
        rank = self.ends[column_id] = rank_between(self.db, column, (last, None))
        return rank

    def _complete(self, entering: Sequence[tuple[CardRow, bool]]) -> None:
        turned = [(card, is_done) for card, is_done in entering if (card.completed_at is not None) != is_done]
        options = BoardOptions.model_validate(self.board.options)
        if options.forbid_done_while_blocked:
            self._refuse_blocked([card for card, is_done in turned if is_done])
        for card, is_done in turned:
            recategorize(card, options, is_done=is_done)
        if turned:
            touch_waiting(self.db, self.board.id, [card.id for card, _ in turned])

    def _refuse_blocked(self, cards: Sequence[CardRow]) -> None:
        """What is completed together does not hold each other up."""
        ids, blocker = [card.id for card in cards], aliased(CardRow)
        query = sa.select(BlockerRow.card_id, sa.func.min(blocker.number)).join(
            blocker, blocker.id == BlockerRow.blocker_id
        )
        query = query.where(BlockerRow.card_id.in_(ids), blocker.id.not_in(ids))
        query = query.where(is_open(blocker)).group_by(BlockerRow.card_id)
        held_up = dict(self.db.execute(query).tuples().all())
        for card in cards:
            if card.id in held_up:
                self.refusals.add(card, f"It waits for #{held_up[card.id]}, which is not done.")


def homes_of(db: Session, card_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The column that each was archived from."""
    query = sa.select(TransitionRow.card_id, TransitionRow.from_column_id).distinct(TransitionRow.card_id)
    query = query.where(TransitionRow.card_id.in_(card_ids), TransitionRow.kind == EventKind.archived.value)
    found: Any = db.execute(query.order_by(TransitionRow.card_id, TransitionRow.id.desc())).tuples().all()
    return dict(found)
