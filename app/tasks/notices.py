"""Who is told what of a card. Each in the transaction of what happened, once by its key, and never who did it."""

from collections.abc import Iterable
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
from app.tasks.events import on_card_event
from app.tasks.mentions import Named, mentioned
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, TransitionRow


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


def link_to(board_id: UUID, card_id: UUID) -> str:
    return f"/board?board={board_id}&card={card_id}"


def concerned(card: CardRow) -> set[UUID]:
    """Whom it is given to; without anybody, who made it."""
    return set(card.assignee_ids) or ({card.owner_id} if card.owner_id else set())


def title_of(card: CardRow) -> str:
    return f"#{card.number} {card.title}"


@on_card_event
def hear_of_card(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    if event.kind == EventKind.deleted:
        notices.take_back(db, item_id=card.id)
        return
    given = _given(card, event)
    _tell_assigned(db, actor, card, given, event)
    _tell_mentioned(db, actor, card, event, besides=given)
    if _frees_others(card, event):
        _tell_unblocked(db, actor, card)
    if event.changes.get("blocked_by", [None, ""])[1] is None:
        _tell_no_blocker_left(db, actor, card, event)


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


def _tell_assigned(db: Session, actor: Actor, card: CardRow, given: set[UUID], event: TransitionRow) -> None:
    subject = f"{actor.name} gave you {title_of(card)}"
    text = f"Due on {card.due_on.day} {card.due_on:%b %Y}." if card.due_on else ""
    tell_of_card(db, actor, card, given, NoticeKind.assigned, key=f"assigned:{event.id}", subject=subject, text=text)


def _tell_mentioned(db: Session, actor: Actor, card: CardRow, event: TransitionRow, *, besides: set[UUID]) -> None:
    """In the description: whom it names now and did not name before."""
    is_new = event.kind == EventKind.created
    before, now = ("", card.description) if is_new else event.changes.get("description", ("", ""))
    if "@" not in now:
        return
    people = _who_sees(db, card)
    new = mentioned(now, people) - mentioned(before, people) - besides
    subject = f"{actor.name} mentioned you on {title_of(card)}"
    tell_of_card(db, actor, card, new, NoticeKind.mentioned, key=f"mentioned:{event.id}", subject=subject, text=now)


def _named_in(db: Session, card: CardRow, text: str) -> set[UUID]:
    return mentioned(text, _who_sees(db, card)) if "@" in text else set()


def _who_sees(db: Session, card: CardRow) -> list[Named]:
    seeing = sharing.audience(db, Kind.board, board_of(db, card.board_id))
    return [Named(one.id, one.name, one.email) for one in accounts.active_people(db) if one.id in seeing and one.id]


def _frees_others(card: CardRow, event: TransitionRow) -> bool:
    if event.kind == EventKind.archived:
        return True
    turned = event.kind == EventKind.moved or "completed_at" in event.changes
    return turned and card.completed_at is not None


def _tell_unblocked(db: Session, actor: Actor, blocker: CardRow) -> None:
    """What waited for this card and for no other one. The key holds when it was done: a move later tells no more."""
    waits = BlockerRow.card_id == CardRow.id
    freed = sa.select(CardRow).join(BlockerRow, sa.and_(waits, BlockerRow.blocker_id == blocker.id))
    done_at = blocker.completed_at or blocker.archived_at
    for card in db.scalars(freed.where(_is_open(CardRow), ~_waits()).order_by(CardRow.number)).all():
        key = f"unblocked:{card.id}:{blocker.id}:{done_at.isoformat() if done_at else ''}"
        _tell_free(db, actor, card, key, f"{title_of(blocker)} is {'done' if blocker.completed_at else 'archived'}.")


def _tell_no_blocker_left(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    still = sa.select(CardRow.id).where(CardRow.id == card.id, _is_open(CardRow), ~_waits())
    if db.scalar(still):
        text = f"It no longer waits for {event.changes['blocked_by'][0]}."
        _tell_free(db, actor, card, f"unblocked:{event.id}", text)


def _tell_free(db: Session, actor: Actor, card: CardRow, key: str, text: str) -> None:
    subject = f"{title_of(card)} is no longer blocked"
    tell_of_card(db, actor, card, concerned(card), NoticeKind.unblocked, key=key, subject=subject, text=text)


def _waits() -> sa.ColumnElement[bool]:
    """Whether the card of the query outside still waits for another one."""
    other = aliased(CardRow)
    held = sa.select(sa.literal(1)).select_from(BlockerRow).join(other, other.id == BlockerRow.blocker_id)
    return held.where(BlockerRow.card_id == CardRow.id, _is_open(other)).correlate(CardRow).exists()


def _is_open(card: Any) -> sa.ColumnElement[bool]:
    return sa.and_(card.completed_at.is_(None), card.archived_at.is_(None))
