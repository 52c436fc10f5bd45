"""What people say about a card."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.paging import Page, fetch_page
from app.notices import service as notices
from app.tasks.access import access_card
from app.tasks.details.record import card_to_change, require_author, require_author_or_owner, tell
from app.tasks.details.schemas import Comment, CommentChange, CommentCreate
from app.tasks.details.tables import CommentRow
from app.tasks.tables import CardRow

Listener = Callable[[Session, Actor, CardRow, CommentRow], None]
_listeners: list[Listener] = []


def on_comment(listener: Listener) -> Listener:
    """It is called in the transaction that writes or edits a comment; an edited one has `edited_at`."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def notice_key(comment_id: UUID) -> str:
    """Under which people are told of a comment."""
    return f"comment:{comment_id}"


def comments(
    db: Session,
    actor: Actor,
    card_id: UUID,
    *,
    limit: int = 50,
    cursor: str | None = None,
    newest_first: bool = False,
) -> Page[Comment]:
    access_card(db, actor, card_id)
    query = sa.select(CommentRow).where(CommentRow.card_id == card_id)
    by, show = (CommentRow.created_at, CommentRow.id), Comment.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=newest_first)


def write_comment(db: Session, actor: Actor, card_id: UUID, new: CommentCreate) -> Comment:
    card = card_to_change(db, actor, card_id)
    row = CommentRow(
        card_id=card_id, author_id=actor.id, author=actor.name, text=new.text, created_at=clock.now(), edited_at=None
    )
    db.add(row)
    tell(db, actor, card, "comment", (None, "written"))
    _announce(db, actor, card, row)
    return Comment.model_validate(row)


def edit_comment(db: Session, actor: Actor, card_id: UUID, comment_id: UUID, change: CommentChange) -> Comment:
    """Only one's own."""
    card = card_to_change(db, actor, card_id)
    row = _comment(db, card_id, comment_id)
    require_author(actor, row.author_id, "comment")
    if row.text != change.text:
        row.text, row.edited_at = change.text, clock.now()
        notices.rewrite(db, item_id=card_id, key=notice_key(row.id), text=row.text)
        tell(db, actor, card, "comment", ("written", "edited"))
        _announce(db, actor, card, row)
    return Comment.model_validate(row)


def delete_comment(db: Session, actor: Actor, card_id: UUID, comment_id: UUID) -> None:
    """One's own, or any as the owner of the board. The history keeps that there was one, not what it said."""
    card = card_to_change(db, actor, card_id)
    row = _comment(db, card_id, comment_id)
    require_author_or_owner(db, actor, card, row.author_id, "comment")
    db.delete(row)
    notices.take_back(db, key=notice_key(row.id))
    tell(db, actor, card, "comment", ("written", None))


def _announce(db: Session, actor: Actor, card: CardRow, row: CommentRow) -> None:
    for listener in _listeners:
        listener(db, actor, card, row)


def _comment(db: Session, card_id: UUID, comment_id: UUID) -> CommentRow:
    query = sa.select(CommentRow).where(CommentRow.card_id == card_id, CommentRow.id == comment_id)
    row = db.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such comment on this card.")
    return row
