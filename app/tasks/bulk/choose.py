"""Which cards a bulk edit is about, and which of them it cannot change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict
from app.tasks.bulk.schemas import MAX_CARDS, BulkEdit
from app.tasks.filters import service as filters
from app.tasks.tables import BoardRow, CardRow, ColumnRow

TOLD = 100


class CardsRefused(Conflict):
    """Some of these cards cannot be changed, so none was."""


class CountChanged(Conflict):
    """The filter finds other cards now than when you looked."""


@dataclass
class Refusals:
    """All are told at once, so that nobody has to find them one by one."""

    found: list[dict[str, Any]] = field(default_factory=list)
    missing: int = 0

    def add(self, card: CardRow, why: str) -> None:
        self.found.append({"card_id": str(card.id), "number": card.number, "title": card.title, "message": why})

    def add_missing(self, card_id: UUID) -> None:
        self.missing += 1
        self.found.append({"card_id": str(card_id), "message": "There is no such card on this board."})

    def check(self, found: int) -> None:
        """`found` are the cards that are there. Raises CardsRefused."""
        if not self.found:
            return
        chosen, count, first = found + self.missing, len({one["card_id"] for one in self.found}), self.found[0]
        which = f"#{first['number']} “{first['title']}”" if "number" in first else first["card_id"]
        many = "1 card" if chosen == 1 else f"{chosen} cards"
        more = f" and {count - 1} more" if count > 1 else ""
        raise CardsRefused(
            f"Nothing was changed: of {many}, {count} cannot be. {which}{more}: {first['message']}",
            details=self.found[:TOLD],
        )


def chosen_cards(db: Session, actor: Actor, board: BoardRow, edit: BulkEdit, refusals: Refusals) -> list[CardRow]:
    """In the order of the board. Raises FilterError, CountChanged."""
    query = sa.select(CardRow).where(CardRow.board_id == board.id, _wanted(actor, board, edit))
    query = query.outerjoin(ColumnRow, ColumnRow.id == CardRow.column_id)
    query = query.order_by(ColumnRow.rank, CardRow.rank, CardRow.archived_at, CardRow.number).limit(MAX_CARDS + 1)
    cards = list(db.scalars(query.execution_options(populate_existing=True)))
    if edit.filter is not None:
        _check_count(cards, edit.expected)
    there = {card.id for card in cards}
    for card_id in dict.fromkeys(edit.card_ids or []):
        if card_id not in there:
            refusals.add_missing(card_id)
    _check_versions(cards, edit.versions, refusals)
    return cards


def _wanted(actor: Actor, board: BoardRow, edit: BulkEdit) -> sa.ColumnElement[bool]:
    if edit.filter is None:
        return CardRow.id.in_(edit.card_ids or [])
    found = filters.parse(edit.filter)
    asked = filters.condition(found, actor, board.id, filters.zone_named(edit.zone))
    if edit.change.action in ("revive", "delete"):
        return sa.and_(asked, CardRow.archived_at.is_not(None))
    return asked if found.asks_for_archived else sa.and_(asked, CardRow.archived_at.is_(None))


def _check_count(cards: Sequence[CardRow], expected: int | None) -> None:
    if len(cards) > MAX_CARDS:
        raise CountChanged(f"The filter finds more than {MAX_CARDS:,} cards. Narrow it down.")
    if len(cards) != expected:
        raise CountChanged(f"The filter finds {len(cards):,} cards now, not {expected:,}. Look again, then repeat.")


def _check_versions(cards: Sequence[CardRow], versions: dict[UUID, int], refusals: Refusals) -> None:
    for card in cards:
        if card.id in versions and versions[card.id] != card.version:
            refusals.add(card, "Somebody changed it in the meantime.")
