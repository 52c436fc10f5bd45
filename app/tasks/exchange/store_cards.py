"""Cards with their places, and everything that hangs on them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, NoteRow
from app.tasks.exchange.draft import Card, Draft
from app.tasks.exchange.ids import SOMEBODY, Ids, as_imported, insert
from app.tasks.rank import spread
from app.tasks.tables import CardAssigneeRow, CardLabelRow, CardRow


def store_cards(db: Session, actor: Actor, draft: Draft, ids: Ids) -> int:
    """The answer is the highest number that was given. Cards that are gone have one too: their history names it."""
    taken = {card.number for card in draft.cards if card.number}
    free = max(taken, default=0)
    for card in draft.cards:
        if card.number is None:
            free += 1
        ids.numbers[card.key] = card.number or free
    ranks = _ranks(draft)
    living = [card for card in draft.cards if not card.gone]
    insert(db, CardRow, (_card_row(actor, card, ids, ranks) for card in living))
    insert(
        db,
        CardAssigneeRow,
        (
            {"card_id": ids.cards[card.key], "person_id": person_id}
            for card in living
            for person_id in dict.fromkeys(ids.people[key].id for key in card.members if key in ids.people)
        ),
    )
    insert(
        db,
        CardLabelRow,
        (
            {"card_id": ids.cards[card.key], "label_id": ids.labels[key]}
            for card in living
            for key in dict.fromkeys(card.labels)
        ),
    )
    return max(ids.numbers.values(), default=0)


def _ranks(draft: Draft) -> dict[str, str]:
    in_column: dict[str, list[str]] = defaultdict(list)
    for card in draft.cards:
        if card.column is not None:
            in_column[card.column].append(card.key)
    return {key: rank for keys in in_column.values() for key, rank in zip(keys, spread(len(keys)), strict=True)}


def _card_row(actor: Actor, card: Card, ids: Ids, ranks: dict[str, str]) -> dict[str, Any]:
    return {
        "id": ids.cards[card.key],
        "board_id": ids.board,
        "number": ids.numbers[card.key],
        "column_id": ids.columns[card.column] if card.column is not None else None,
        "rank": ranks.get(card.key),
        "lane_id": ids.lanes.get(card.lane or ""),
        "title": card.title,
        "description": card.description,
        "priority": card.priority,
        "category": card.category,
        "start_on": card.start_on,
        "due_on": card.due_on,
        "estimate": float(card.estimate) if card.estimate is not None else None,
        "owner_id": actor.id,
        "created_at": card.created_at,
        "completed_at": card.completed_at,
        "archived_at": card.archived_at,
    }


def store_details(db: Session, actor: Actor, draft: Draft, ids: Ids) -> None:
    living = [card for card in draft.cards if not card.gone]
    insert(db, ChecklistItemRow, (row for card in living for row in _items(card, ids)))
    insert(
        db,
        CommentRow,
        (
            {
                "card_id": ids.cards[card.key],
                "text": one.text,
                "created_at": one.at,
                "edited_at": one.edited_at,
                **_author(one.person, ids, actor),
            }
            for card in living
            for one in sorted(card.comments, key=lambda one: one.at)
        ),
    )
    insert(
        db,
        NoteRow,
        (_note(one, ids.cards[card.key]) for card in living for one in card.notes),
    )
    insert(
        db,
        BlockerRow,
        (
            {"card_id": ids.cards[card.key], "blocker_id": ids.cards[key], "created_at": clock.now()}
            for card in living
            for key in card.blocked_by
        ),
    )


def _items(card: Card, ids: Ids) -> Iterator[dict[str, Any]]:
    for item, rank in zip(card.checklist, spread(len(card.checklist)), strict=True):
        yield {
            "card_id": ids.cards[card.key],
            "list": item.heading,
            "rank": rank,
            "text": item.text,
            "done_at": (item.done_at or card.created_at) if item.done else None,
            "done_by": as_imported(item.done_by) if item.done and item.done_by else None,
            "created_at": card.created_at,
        }


def _note(note: dict[str, Any], card_id: UUID) -> dict[str, Any]:
    said = {key: note[key] for key in note if key not in ("at", "author")}
    return {"card_id": card_id, "created_at": note["at"], "author": as_imported(note["author"]), **said}


def _author(key: str, ids: Ids, actor: Actor) -> dict[str, Any]:
    """Whoever is known here may change or delete what is said to be theirs; that it was imported is always told."""
    if not key:
        return {"author_id": actor.id, "author": actor.name}
    person = ids.people.get(key)
    name = person.name if person else ids.person_names.get(key, SOMEBODY)
    return {"author_id": person.id if person else None, "author": as_imported(name)}
