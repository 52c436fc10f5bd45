"""The steps of a card: added, renamed, ticked, put in order, removed."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.tasks.access import access_card
from app.tasks.details.record import card_to_change, tell
from app.tasks.details.schemas import ChecklistItem, ItemChange, ItemCreate
from app.tasks.details.tables import ChecklistItemRow
from app.tasks.rank import MAX_LENGTH, between, spread
from app.tasks.record import touch_cards

MOST_ITEMS = 500


class ItemsMoved(Conflict):
    """The item next to this place is gone. Look again, then repeat your change."""


class Place(NamedTuple):
    list: str
    rank: str


def checklist(
    db: Session, actor: Actor, card_id: UUID, *, limit: int = 200, cursor: str | None = None
) -> Page[ChecklistItem]:
    """In their order; items of one list need not stand next to each other."""
    access_card(db, actor, card_id)
    query = sa.select(ChecklistItemRow).where(ChecklistItemRow.card_id == card_id)
    return fetch_page(db, query, _shown, ChecklistItemRow.rank, limit=limit, cursor=cursor)


def add_item(db: Session, actor: Actor, card_id: UUID, new: ItemCreate) -> ChecklistItem:
    card = card_to_change(db, actor, card_id)
    others = _items(db, card_id)
    if len(others) >= MOST_ITEMS:
        raise Invalid(f"text: a checklist holds at most {MOST_ITEMS} items. Remove some, or make a second card.")
    place = _place(db, others, new)
    item = ChecklistItemRow(card_id=card_id, text=new.text, list=place.list, rank=place.rank, created_at=clock.now())
    db.add(item)
    tell(db, actor, card, "checklist", (None, item.text))
    return _shown(item)


def change_item(db: Session, actor: Actor, card_id: UUID, item_id: UUID, change: ItemChange) -> ChecklistItem:
    card = card_to_change(db, actor, card_id)
    item = _item(db, card_id, item_id)
    if change.model_fields_set & {"list", "after_id", "before_id"}:
        place = _place(db, [other for other in _items(db, card_id) if other.id != item_id], change)
        item.list, item.rank = place
        db.flush()
        touch_cards(db, card.board_id, [card.id])
    if "text" in change.model_fields_set and change.text != item.text:
        old, item.text = item.text, change.text
        tell(db, actor, card, "checklist", (old, item.text))
    if "done" in change.model_fields_set and change.done != (item.done_at is not None):
        _tick(item, actor, done=change.done)
        tell(db, actor, card, "ticked", (None, item.text) if change.done else (item.text, None))
    return _shown(item)


def remove_item(db: Session, actor: Actor, card_id: UUID, item_id: UUID) -> None:
    card = card_to_change(db, actor, card_id)
    item = _item(db, card_id, item_id)
    db.delete(item)
    tell(db, actor, card, "checklist", (item.text, None))


def _tick(item: ChecklistItemRow, actor: Actor, *, done: bool) -> None:
    item.done_at = clock.now() if done else None
    item.done_by_id, item.done_by = (actor.id, actor.name) if done else (None, None)


def _items(db: Session, card_id: UUID) -> list[ChecklistItemRow]:
    query = sa.select(ChecklistItemRow).where(ChecklistItemRow.card_id == card_id)
    return list(db.scalars(query.order_by(ChecklistItemRow.rank).execution_options(populate_existing=True)))


def _item(db: Session, card_id: UUID, item_id: UUID) -> ChecklistItemRow:
    query = sa.select(ChecklistItemRow).where(ChecklistItemRow.card_id == card_id, ChecklistItemRow.id == item_id)
    item = db.scalar(query.execution_options(populate_existing=True))
    if item is None:
        raise NotFound("There is no such item on this card.")
    return item


def _place(db: Session, others: list[ChecklistItemRow], wanted: ItemCreate | ItemChange) -> Place:
    """`others` in their order, without the item itself."""
    anchor_id = wanted.after_id or wanted.before_id
    if anchor_id:
        at = next((place for place, other in enumerate(others) if other.id == anchor_id), None)
        if at is None:
            raise ItemsMoved
        named = wanted.list if "list" in wanted.model_fields_set else others[at].list
        return Place(named, _rank_at(db, others, at + 1 if wanted.after_id else at))
    last = max((place for place, other in enumerate(others) if other.list == wanted.list), default=len(others) - 1)
    return Place(wanted.list, _rank_at(db, others, last + 1))


def _rank_at(db: Session, others: list[ChecklistItemRow], at: int) -> str:
    """Gives all of them short ranks when the one between would be long."""
    rank = between(others[at - 1].rank if at else None, others[at].rank if at < len(others) else None)
    if len(rank) <= MAX_LENGTH:
        return rank
    ranks = spread(len(others) + 1)
    free = ranks.pop(at)
    db.execute(sa.text("set constraints uq_card_checklist_items_card_id_rank deferred"))
    for other, short in zip(others, ranks, strict=True):
        other.rank = short
    db.flush()
    return free


def _shown(item: ChecklistItemRow) -> ChecklistItem:
    return ChecklistItem(
        id=item.id,
        card_id=item.card_id,
        list=item.list,
        text=item.text,
        done=item.done_at is not None,
        done_at=item.done_at,
        done_by=item.done_by,
    )
