"""What a card waits for. A blocker holds others up until it is completed or archived."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.tasks.access import access_card
from app.tasks.details.record import card_to_change, tell
from app.tasks.details.schemas import BlockerAdd, LinkedCard
from app.tasks.details.tables import BlockerRow
from app.tasks.events import Batch, on_card_events
from app.tasks.naming import title_of
from app.tasks.record import touch_cards
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, ColumnRow, is_open

MOST_BLOCKERS = 100
NAMED = 5  # in a message


class WaitsInCircle(Conflict):
    """These cards would wait for each other."""


class CardBlocked(Conflict):
    """This card waits for others that are not done."""

    def __init__(self, card: CardRow, blockers: list[CardRow]) -> None:
        self.card_id, self.blocked_by = card.id, [blocker.number for blocker in blockers]
        super().__init__(
            f"“{card.title}” waits for {_named(blockers)}. Complete that first, or take it off its blockers.",
            details=[{"field": "blocked_by", "message": f"#{one.number} {one.title}"} for one in blockers],
        )


def blockers(
    db: Session, actor: Actor, card_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[LinkedCard]:
    """What the card waits for, by number."""
    access_card(db, actor, card_id)
    query = _linked(BlockerRow.blocker_id).where(BlockerRow.card_id == card_id)
    return fetch_page(db, query, _shown, CardRow.number, limit=limit, cursor=cursor)


def waiting(
    db: Session, actor: Actor, card_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[LinkedCard]:
    """What waits for the card, by number."""
    access_card(db, actor, card_id)
    query = _linked(BlockerRow.card_id).where(BlockerRow.blocker_id == card_id)
    return fetch_page(db, query, _shown, CardRow.number, limit=limit, cursor=cursor)


def add_blocker(db: Session, actor: Actor, card_id: UUID, wanted: BlockerAdd) -> LinkedCard:
    """Twice is once. Raises WaitsInCircle."""
    card = card_to_change(db, actor, card_id)
    blocker = db.get(CardRow, wanted.card_id, populate_existing=True)
    if blocker is None or blocker.board_id != card.board_id:
        raise Invalid(f"card: there is no card {wanted.card_id} on this board.")
    held = set(db.scalars(sa.select(BlockerRow.blocker_id).where(BlockerRow.card_id == card_id)))
    if blocker.id in held:
        return _one(db, card_id, blocker.id)
    if len(held) >= MOST_BLOCKERS:
        raise Invalid(f"card: a card waits for at most {MOST_BLOCKERS} others.")
    _check_circle(db, card, blocker)
    db.add(BlockerRow(card_id=card_id, blocker_id=blocker.id, created_at=clock.now()))
    tell(db, actor, card, "blocked_by", (None, title_of(blocker)))
    return _one(db, card_id, blocker.id)


def remove_blocker(db: Session, actor: Actor, card_id: UUID, blocker_id: UUID) -> None:
    card = card_to_change(db, actor, card_id)
    row = db.get(BlockerRow, (card_id, blocker_id), populate_existing=True)
    if row is None:
        raise NotFound("This card does not wait for that one.")
    db.delete(row)
    tell(db, actor, card, "blocked_by", (title_of(db.get_one(CardRow, blocker_id)), None))


def possible_blockers(db: Session, actor: Actor, card_id: UUID, text: str = "", limit: int = 20) -> list[LinkedCard]:
    """Other open cards of its board, by words or by number, that it does not wait for yet."""
    card = access_card(db, actor, card_id)
    query = with_column().where(CardRow.board_id == card.board_id, CardRow.id != card_id, is_open(CardRow))
    held = sa.select(BlockerRow.blocker_id).where(BlockerRow.card_id == card_id)
    query = query.where(CardRow.id.not_in(held))
    for word in text.replace("\x00", " ").split():
        numbered = sa.cast(CardRow.number, sa.Text) == word.removeprefix("#")
        query = query.where(sa.or_(CardRow.title.icontains(word, autoescape=True), numbered))
    return [_shown(*row) for row in db.execute(query.order_by(CardRow.number.desc()).limit(limit)).tuples()]


def check_unblocked(db: Session, cards: Collection[CardRow]) -> None:
    """Before they are completed together, so they do not hold each other up. Raises CardBlocked for the first one."""
    ids = [card.id for card in cards]
    query = sa.select(BlockerRow.card_id, CardRow).join(CardRow, CardRow.id == BlockerRow.blocker_id)
    query = query.where(BlockerRow.card_id.in_(ids), CardRow.id.not_in(ids), is_open(CardRow)).order_by(CardRow.number)
    found: dict[UUID, list[CardRow]] = {}
    for card_id, blocker in db.execute(query).tuples():
        found.setdefault(card_id, []).append(blocker)
    for card in cards:
        if card.id in found:
            raise CardBlocked(card, found[card.id])


def touch_waiting(db: Session, board_id: UUID, card_ids: Collection[UUID]) -> None:
    """What waits for these cards shows it: call it when they were completed or taken up again."""
    query = sa.select(BlockerRow.card_id).where(BlockerRow.blocker_id.in_(card_ids)).distinct()
    if others := list(db.scalars(query)):
        touch_cards(db, board_id, others)


@on_card_events
def _see_who_leaves(db: Session, _actor: Actor, batch: Batch) -> None:
    turned = (EventKind.archived, EventKind.revived, EventKind.deleted)
    if cards := [card for card, event in batch if event.kind in turned]:
        touch_waiting(db, cards[0].board_id, [card.id for card in cards])


def _check_circle(db: Session, card: CardRow, blocker: CardRow) -> None:
    """Under the board's lock, so that no other link can be made between looking and writing."""
    if card.id == blocker.id:
        raise WaitsInCircle("A card cannot wait for itself.")
    way = _way(db, blocker.id, card.id)
    if way:
        rows = {row.id: row for row in db.scalars(sa.select(CardRow).where(CardRow.id.in_(way)))}
        told = ", which waits for ".join(title_of(rows[one]) for one in way)
        raise WaitsInCircle(f"{told}: they would wait for each other. Remove one of these links first.")


def _way(db: Session, start: UUID, end: UUID) -> list[UUID]:
    """From one card along what it waits for to another; nothing when no way leads there."""
    chain = sa.select(sa.literal(start, sa.Uuid).label("id"), sa.null().cast(sa.Uuid).label("via"))
    reached = chain.cte("reached", recursive=True)
    further = sa.select(BlockerRow.blocker_id, BlockerRow.card_id).where(BlockerRow.card_id == reached.c.id)
    reached = reached.union(further)
    came_by = dict(db.execute(sa.select(reached.c.id, reached.c.via)).tuples().all())
    if end not in came_by:
        return []
    way = [end]
    while way[-1] != start:  # there is no circle yet, so this comes to its end
        way.append(came_by[way[-1]])
    return way[::-1]


def with_column() -> "sa.Select[CardRow, str | None]":
    return sa.select(CardRow, ColumnRow.name).outerjoin(ColumnRow, ColumnRow.id == CardRow.column_id)


def _linked(end: "sa.orm.InstrumentedAttribute[UUID]") -> "sa.Select[CardRow, str | None]":
    return with_column().join(BlockerRow, end == CardRow.id)


def _one(db: Session, card_id: UUID, blocker_id: UUID) -> LinkedCard:
    wanted = (BlockerRow.card_id == card_id, BlockerRow.blocker_id == blocker_id)
    return _shown(*db.execute(_linked(BlockerRow.blocker_id).where(*wanted)).tuples().one())


def _shown(card: CardRow, column: str | None) -> LinkedCard:
    holds_up = card.completed_at is None and card.archived_at is None
    return LinkedCard(id=card.id, number=card.number, title=card.title, open=holds_up, column=column)


def _named(cards: list[CardRow]) -> str:
    more = len(cards) - NAMED
    return ", ".join(f"“{title_of(card)}”" for card in cards[:NAMED]) + (f" and {more} more" if more > 0 else "")
