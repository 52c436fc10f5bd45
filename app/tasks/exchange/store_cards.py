"""Cards with their places, and everything that hangs on them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, NoteRow
from app.tasks.exchange.draft import Card, Draft
from app.tasks.exchange.ids import SOMEBODY, Ids, insert
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
            {"card_id": ids.cards[card.key], "text": one.text, "created_at": one.at, **_author(one.person, ids, actor)}
            for card in living
            for one in sorted(card.comments, key=lambda one: one.at)
        ),
    )
    insert(
        db,
        NoteRow,
        (
            {"card_id": ids.cards[card.key], **{key: one[key] for key in one if key != "at"}, "created_at": one["at"]}
            for card in living
            for one in card.notes
        ),
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
            "done_at": card.created_at if item.done else None,
            "created_at": card.created_at,
        }


def _author(key: str, ids: Ids, actor: Actor) -> dict[str, Any]:
    if person := ids.people.get(key):
        return {"author_id": person.id, "author": person.name}
    return {"author_id": None, "author": ids.person_names.get(key, SOMEBODY)} if key else {
        "author_id": actor.id,
        "author": actor.name,
    }  # fmt: skip
