"""What a rule does to many cards at once: as a bulk edit, so that the statements do not grow with the cards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.notices import service as notices
from app.notices.schemas import About, NoticeKind
from app.sharing.schemas import Kind
from app.tasks.automations.act import told_of
from app.tasks.automations.parts import Action
from app.tasks.automations.words import Names, action_words
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.bulk.service import change_cards
from app.tasks.naming import link_to
from app.tasks.tables import BoardRow, CardRow

Cards = Sequence[CardRow]


@dataclass(frozen=True)
class DoingMany:
    """One rule at work on many cards of a board. `key` is unique for the occasion."""

    db: Session
    actor: Actor
    board: BoardRow
    names: Names
    rule: str
    key: str
    cause: UUID | None


def perform_all(doing: DoingMany, then: list[Action], cards: Cards) -> dict[UUID, list[str]]:
    """As `act.perform` for each of them. Raises AppError when one of them refuses: then nothing is done to any."""
    told: dict[UUID, list[str]] = {card.id: [] for card in cards}
    for one in then:
        words = action_words(one, doing.names)
        for card in DO[one.kind](doing, one, cards):
            told[card.id].append(words)
    return told


def _edit(doing: DoingMany, cards: Cards, **change: Any) -> Cards:
    if cards:
        edit = BulkEdit.model_validate({"card_ids": [card.id for card in cards], "change": change})
        change_cards(doing.db, doing.actor, doing.board.id, edit)
    return cards


def _move(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if card.column_id != then.column_id], column=then.column_id)


def _priority(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if card.priority != then.priority], priority=then.priority)


def _category(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if card.category != then.category], category=then.category)


def _add_label(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if then.label_id not in card.label_ids], add_labels=[then.label_id])


def _remove_label(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if then.label_id in card.label_ids], remove_labels=[then.label_id])


def _assign(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if then.person_id not in card.assignee_ids], assign=[then.person_id])


def _unassign(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    held = {card.id: {then.person_id} if then.person_id else set(card.assignee_ids) for card in cards}
    given = [card for card in cards if held[card.id] & set(card.assignee_ids)]
    return _edit(doing, given, unassign=sorted(set().union(*(held[card.id] for card in given))))


def _archive(doing: DoingMany, _: Any, cards: Cards) -> Cards:
    return _edit(doing, [card for card in cards if card.archived_at is None], action="archive")


def _notify(doing: DoingMany, then: Any, cards: Cards) -> Cards:
    """One notice for each person. By number only: titles would outlive their cards here."""
    found: dict[UUID, list[CardRow]] = {}
    for card in cards:
        for person_id in told_of(card, then, doing.names, doing.cause) - {doing.actor.id}:
            found.setdefault(person_id, []).append(card)
    told = [theirs for person_id, theirs in sorted(found.items()) if _tell(doing, then, person_id, theirs)]
    return list({card.id: card for theirs in told for card in theirs}.values())


def _tell(doing: DoingMany, then: Any, person_id: UUID, cards: Cards) -> set[UUID]:
    numbers = ", ".join(f"#{card.number}" for card in cards)
    return notices.tell(
        doing.db,
        [person_id],
        NoticeKind.automation,
        key=doing.key,
        subject=f"{len(cards)} cards of {doing.board.name}: {then.text or doing.rule}",
        text=numbers,
        link=link_to(doing.board.id),
        about=About(Kind.board, doing.board.id, doing.board.name),
    )


DO: dict[str, Callable[[DoingMany, Any, Cards], Cards]] = {
    "move": _move,
    "priority": _priority,
    "category": _category,
    "add_label": _add_label,
    "remove_label": _remove_label,
    "assign": _assign,
    "unassign": _unassign,
    "archive": _archive,
    "notify": _notify,
}
