"""The order of the cards in some columns of a board, kept in memory while many of them go back."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.tasks.moves import write_ranks
from app.tasks.rank import MAX_LENGTH, Gap, between, spread
from app.tasks.tables import CardRow, ColumnRow
from app.tasks.undo.remember import ARCHIVED, place_of


class Places:
    """Under the board's lock. `cards` are those that may move; all others keep their order."""

    def __init__(self, db: Session, cards: Iterable[CardRow], column_ids: Collection[UUID]) -> None:
        self.db, self.cards = db, {card.id: card for card in cards}
        self.ranks: dict[UUID, list[str]] = {id_: [] for id_ in column_ids}
        self.names: dict[UUID, dict[str, UUID]] = {id_: {} for id_ in column_ids}  # rank to card
        self.rank_of: dict[UUID, tuple[UUID, str]] = {}
        self.in_lane: Counter[tuple[UUID, UUID | None]] = Counter()
        self.respread: dict[UUID, str] = {}
        query = sa.select(CardRow.column_id, CardRow.lane_id, CardRow.rank, CardRow.id)
        for place in db.execute(query.where(CardRow.column_id.in_(column_ids)).order_by(CardRow.rank)).tuples():
            self._enter(*place)

    def here(self, card: CardRow) -> dict[str, Any]:
        """As remember.here tells it."""
        if card.column_id is None or card.rank is None:
            return ARCHIVED
        ranks = self.ranks[card.column_id]
        place = bisect_left(ranks, card.rank)
        return place_of(card, self.names[card.column_id][ranks[place - 1]] if place else None)

    def held(self, column: ColumnRow, lane_id: UUID | None) -> int:
        return self.in_lane[column.id, lane_id] if column.wip_per_lane else len(self.ranks[column.id])

    def take(self, card: CardRow) -> None:
        if card.column_id is None or card.rank is None:
            return
        ranks = self.ranks[card.column_id]
        ranks.pop(bisect_left(ranks, card.rank))
        del self.names[card.column_id][card.rank], self.rank_of[card.id]
        self.in_lane[card.column_id, card.lane_id] -= 1
        card.column_id, card.rank = None, None

    def put(self, card: CardRow, column_id: UUID, lane_id: UUID | None, state: dict[str, Any]) -> None:
        """Below the card it was below, or as near as what is left of its column allows."""
        self.take(card)
        card.rank = self._rank(column_id, state)
        card.column_id, card.lane_id = column_id, lane_id
        self._enter(column_id, lane_id, card.rank, card.id)

    def write(self) -> None:
        """Of the cards that made room; those that moved are written with all else that is new about them."""
        if self.respread:
            write_ranks(self.db, self.respread)

    def _enter(self, column_id: Any, lane_id: UUID | None, rank: Any, card_id: UUID) -> None:
        ranks = self.ranks[column_id]
        ranks.insert(bisect_left(ranks, rank), rank)
        self.names[column_id][rank], self.rank_of[card_id] = card_id, (column_id, rank)
        self.in_lane[column_id, lane_id] += 1

    def _rank(self, column_id: UUID, state: dict[str, Any]) -> str:
        """The one it had if that still fits."""
        low, high = self._gap(column_id, state)
        known = state["rank"]
        if (low or "") < known and (high is None or known < high) and len(known) <= MAX_LENGTH:
            return str(known)
        rank = between(low, high)
        return rank if len(rank) <= MAX_LENGTH else self._spread(column_id, low)

    def _gap(self, column_id: UUID, state: dict[str, Any]) -> Gap:
        ranks, place = self.ranks[column_id], 0
        if state["above"] is not None:
            column, rank = self.rank_of.get(UUID(state["above"]), (None, ""))
            place = bisect_right(ranks, rank if column == column_id else state["rank"])
        return ranks[place - 1] if place else None, ranks[place] if place < len(ranks) else None

    def _spread(self, column_id: UUID, low: str | None) -> str:
        """Gives every card of the column a short rank and returns the one left free after `low`."""
        old, names = self.ranks[column_id], self.names[column_id]
        new = spread(len(old) + 1)
        free = new.pop(bisect_right(old, low) if low else 0)
        self.ranks[column_id] = new
        self.names[column_id] = {rank: names[before] for rank, before in zip(new, old, strict=True)}
        for rank, card_id in self.names[column_id].items():
            self.rank_of[card_id] = (column_id, rank)
            if card_id in self.cards:
                self.cards[card_id].rank = rank
            else:
                self.respread[card_id] = rank
        return free
