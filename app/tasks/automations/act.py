"""What a rule does to a card: through the same functions as people, so that limits, history and versions hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid
from app.notices.schemas import NoticeKind
from app.tasks.automations.parts import Action
from app.tasks.automations.words import Names, action_words
from app.tasks.cards import archive_card, change_card
from app.tasks.details.schemas import ItemCreate
from app.tasks.details.service import add_item, checklist
from app.tasks.moves import move_card
from app.tasks.naming import title_of
from app.tasks.notices import tell_of_card
from app.tasks.schemas import CardChange, CardMove
from app.tasks.tables import CardRow
from app.tasks.vocabulary import MOST_HELD


@dataclass(frozen=True)
class Doing:
    """One rule at work on one card. `key` is unique for the occasion; `cause` is the person who started it all."""

    db: Session
    actor: Actor
    card: CardRow
    names: Names
    rule: str
    key: str
    cause: UUID | None = None


def perform(doing: Doing, then: list[Action]) -> list[str]:
    """Says what was done; nothing of what was so already. Raises AppError: then the caller takes all of it back."""
    return [action_words(one, doing.names) for one in then if DO[one.kind](doing, one)]


def _move(doing: Doing, then: Any) -> bool:
    card = doing.card
    if card.column_id == then.column_id:
        return False
    move_card(doing.db, doing.actor, card.id, CardMove(column_id=then.column_id, version=card.version))
    return True


def _change(doing: Doing, **fields: Any) -> bool:
    card, before = doing.card, doing.card.version
    for held in fields.keys() & {"label_ids", "assignee_ids"}:
        if len(fields[held]) > MOST_HELD:
            raise Invalid(f"“{card.title}” has {MOST_HELD} already, and may have no more.")
    change_card(doing.db, doing.actor, card.id, CardChange(version=card.version, **fields))
    return card.version != before


def _add_label(doing: Doing, then: Any) -> bool:
    return _change(doing, label_ids=[*_without(doing.card.label_ids, then.label_id), then.label_id])


def _remove_label(doing: Doing, then: Any) -> bool:
    return _change(doing, label_ids=_without(doing.card.label_ids, then.label_id))


def _assign(doing: Doing, then: Any) -> bool:
    return _change(doing, assignee_ids=[*_without(doing.card.assignee_ids, then.person_id), then.person_id])


def _unassign(doing: Doing, then: Any) -> bool:
    left = _without(doing.card.assignee_ids, then.person_id) if then.person_id else []
    return _change(doing, assignee_ids=left)


def _archive(doing: Doing, _: Any) -> bool:
    if doing.card.archived_at is not None:
        return False
    archive_card(doing.db, doing.actor, doing.card.id)
    return True


def told_of(card: CardRow, then: Any, names: Names, cause: UUID | None) -> set[UUID]:
    """Only people who see the board, and not the one whose own doing it is."""
    wanted = {*then.person_ids, *(card.assignee_ids if then.assignees else ())}
    wanted |= {card.owner_id} if then.author and card.owner_id else set()
    return (wanted & names.people.keys()) - {cause}


def _notify(doing: Doing, then: Any) -> bool:
    card = doing.card
    seeing = told_of(card, then, doing.names, doing.cause)
    said = {"key": doing.key, "subject": title_of(card), "text": then.text or doing.rule}
    return bool(tell_of_card(doing.db, doing.actor, card, seeing, NoticeKind.automation, **said))


def _add_checklist(doing: Doing, then: Any) -> bool:
    held = {item.text.casefold() for item in checklist(doing.db, doing.actor, doing.card.id).items}
    new = [text for text in then.items if text.casefold() not in held]
    for text in new:
        add_item(doing.db, doing.actor, doing.card.id, ItemCreate(text=text))
    return bool(new)


def _without(ids: list[UUID], one: UUID) -> list[UUID]:
    return [each for each in ids if each != one]


DO: dict[str, Callable[[Doing, Any], bool]] = {
    "move": _move,
    "priority": lambda doing, then: _change(doing, priority=then.priority),
    "category": lambda doing, then: _change(doing, category=then.category),
    "add_label": _add_label,
    "remove_label": _remove_label,
    "assign": _assign,
    "unassign": _unassign,
    "archive": _archive,
    "notify": _notify,
    "checklist": _add_checklist,
}
