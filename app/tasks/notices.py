"""Who is told what of a card. Each in the transaction of what happened, once by its key, and never who did it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.accounts import service as accounts
from app.core.actor import Actor
from app.notices import service as notices
from app.notices.schemas import About, NoticeKind
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import board_of
from app.tasks.details.comments import notice_key, on_comment
from app.tasks.details.tables import BlockerRow, CommentRow
from app.tasks.events import Batch, on_card_events
from app.tasks.mentions import Named, mentioned
from app.tasks.naming import link_to, title_of
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, TransitionRow, is_open

MOST_SINGLE = 3


def tell_of_card(
    db: Session,
    actor: Actor,
    card: CardRow,
    people: Iterable[UUID],
    kind: NoticeKind,
    *,
    key: str,
    subject: str,
    text: str = "",
) -> set[UUID]:
    """All but `actor`. The notice leads to the card, is hidden from who loses sight of its board, and goes with it."""
    others = set(people) - {actor.id}
    if not others:
        return set()
    about = About(Kind.board, card.board_id, board_of(db, card.board_id).name)
    link = link_to(card.board_id, card.id)
    facts: dict[str, Any] = {"key": key, "subject": subject, "text": text, "link": link}
    return notices.tell(db, others, kind, about=about, item_id=card.id, **facts)


def concerned(card: CardRow) -> set[UUID]:
    """Whom it is given to; without anybody, who made it."""
    return set(card.assignee_ids) or ({card.owner_id} if card.owner_id else set())


@on_card_events
def hear_of_cards(db: Session, actor: Actor, batch: Batch) -> None:
    """The number of statements does not grow with the number of cards."""
    if gone := [card.id for card, event in batch if event.kind == EventKind.deleted]:
        notices.take_back(db, item_ids=gone)
    _tell_assigned(db, actor, batch)
    for card, event in batch:
        _tell_mentioned(db, actor, card, event)
        if event.changes.get("blocked_by", [None, ""])[1] is None:
            _tell_no_blocker_left(db, actor, card, event)
    _tell_unblocked(db, actor, {card.id: card for card, event in batch if _frees_others(card, event)})


@on_comment
def hear_of_comment(db: Session, actor: Actor, card: CardRow, comment: CommentRow) -> None:
    """One notice a person and comment, however often it is edited: to be mentioned says more than to be concerned."""
    key, said = notice_key(comment.id), {"text": comment.text}
    named = _named_in(db, card, comment.text)
    subject = f"{actor.name} mentioned you on {title_of(card)}"
    tell_of_card(db, actor, card, named, NoticeKind.mentioned, key=key, subject=subject, **said)
    if comment.edited_at is None:
        rest = {*card.assignee_ids, *([card.owner_id] if card.owner_id else [])} - named
        subject = f"{actor.name} commented on {title_of(card)}"
        tell_of_card(db, actor, card, rest, NoticeKind.commented, key=key, subject=subject, **said)


def _given(card: CardRow, event: TransitionRow) -> set[UUID]:
    """Who has the card now and had it not."""
    if event.kind == EventKind.created:
        return set(card.assignee_ids)
    before = {UUID(one["id"]) for one in event.changes["assignees"][0]} if "assignees" in event.changes else None
    return set() if before is None else set(card.assignee_ids) - before


def _tell_assigned(db: Session, actor: Actor, batch: Batch) -> None:
    """Each card by itself, or, when it is many, all of them in one."""
    given: dict[UUID, list[tuple[CardRow, TransitionRow]]] = {}
    for card, event in batch:
        for person_id in _given(card, event):
            given.setdefault(person_id, []).append((card, event))
    single: dict[int, set[UUID]] = {}
    for person_id, found in given.items():
        if len(found) > MOST_SINGLE:
            _tell_many_assigned(db, actor, person_id, found)
        else:
            for _, event in found:
                single.setdefault(event.id, set()).add(person_id)
    for card, event in batch:
        if people := single.get(event.id):
            text = f"Due on {card.due_on.day} {card.due_on:%b %Y}." if card.due_on else ""
            key, subject = f"assigned:{event.id}", f"{actor.name} gave you {title_of(card)}"
            tell_of_card(db, actor, card, people, NoticeKind.assigned, key=key, subject=subject, text=text)


def _tell_many_assigned(db: Session, actor: Actor, person_id: UUID, found: Batch) -> None:
    """By number only: titles would outlive their cards here."""
    if person_id == actor.id:
        return
    board = board_of(db, found[0][0].board_id)
    notices.tell(
        db,
        [person_id],
        NoticeKind.assigned,
        key=f"assigned:{found[0][1].id}",
        subject=f"{actor.name} gave you {len(found)} cards",
        text=", ".join(f"#{card.number}" for card, _ in found),
        link=link_to(board.id),
        about=About(Kind.board, board.id, board.name),
    )


def _tell_mentioned(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    """In the description: whom it names now and did not name before, and who was not just told that it is theirs."""
    is_new = event.kind == EventKind.created
    before, now = ("", card.description) if is_new else event.changes.get("description", ("", ""))
    if "@" not in now:
        return
    people = _who_sees(db, card)
    new = mentioned(now, people) - mentioned(before, people) - _given(card, event)
    subject = f"{actor.name} mentioned you on {title_of(card)}"
    tell_of_card(db, actor, card, new, NoticeKind.mentioned, key=f"mentioned:{event.id}", subject=subject, text=now)


def _named_in(db: Session, card: CardRow, text: str) -> set[UUID]:
    return mentioned(text, _who_sees(db, card)) if "@" in text else set()


def _who_sees(db: Session, card: CardRow) -> list[Named]:
    seeing = sharing.audience(db, Kind.board, board_of(db, card.board_id))
    return [Named(one.id, one.name, one.email) for one in accounts.active_people(db) if one.id in seeing and one.id]


def _frees_others(card: CardRow, event: TransitionRow) -> bool:
    if not event.holds_up:
        return False
    if event.kind == EventKind.archived:
        return True
    turned = event.kind == EventKind.moved or "completed_at" in event.changes
    return turned and card.completed_at is not None


def _tell_unblocked(db: Session, actor: Actor, blockers: dict[UUID, CardRow]) -> None:
    """What waited for one of these and waits no more. The key holds since when: a move later tells no more."""
    if not blockers:
        return
    freed = sa.select(CardRow, BlockerRow.blocker_id, _free_since())
    freed = freed.join(BlockerRow, BlockerRow.card_id == CardRow.id)
    freed = freed.where(BlockerRow.blocker_id.in_(blockers), is_open(CardRow), ~_waits())
    for card, blocker_id, since in db.execute(freed.order_by(CardRow.number, BlockerRow.blocker_id)).tuples().all():
        blocker = blockers[blocker_id]
        text = f"{title_of(blocker)} is {'done' if blocker.completed_at else 'archived'}."
        _tell_free(db, actor, card, f"unblocked:{card.id}:{since.isoformat()}", text)


def _free_since() -> sa.ScalarSelect[datetime]:
    """When the last blocker of the card of the query outside was done or put away."""
    other, held = aliased(CardRow), aliased(BlockerRow)
    ended = sa.func.max(sa.func.coalesce(other.completed_at, other.archived_at))
    latest = sa.select(ended).select_from(held).join(other, other.id == held.blocker_id)
    return latest.where(held.card_id == CardRow.id).correlate(CardRow).scalar_subquery()


def _tell_no_blocker_left(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    still = sa.select(CardRow.id).where(CardRow.id == card.id, is_open(CardRow), ~_waits())
    if db.scalar(still):
        text = f"It no longer waits for {event.changes['blocked_by'][0]}."
        _tell_free(db, actor, card, f"unblocked:{event.id}", text)


def _tell_free(db: Session, actor: Actor, card: CardRow, key: str, text: str) -> None:
    subject = f"{title_of(card)} is no longer blocked"
    tell_of_card(db, actor, card, concerned(card), NoticeKind.unblocked, key=key, subject=subject, text=text)


def _waits() -> sa.ColumnElement[bool]:
    """Whether the card of the query outside still waits for another one."""
    other = aliased(CardRow)
    held = aliased(BlockerRow)
    waits = sa.select(sa.literal(1)).select_from(held).join(other, other.id == held.blocker_id)
    return waits.where(held.card_id == CardRow.id, is_open(other)).correlate(CardRow).exists()
