"""Whoever holds a link sees the dates of one board, as long as its person may. It lies here as a hash only."""

import secrets
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.settings import settings
from app.tasks.access import access_board
from app.tasks.calendar.schemas import CalendarLink, CalendarLinkCreate, NewCalendarLink
from app.tasks.calendar.tables import CalendarFeedRow

TOKEN_BYTES = 32


def make_calendar_link(db: Session, actor: Actor, board_id: UUID, new: CalendarLinkCreate) -> NewCalendarLink:
    """One's own, for this board. One that was there before ends with it."""
    access_board(db, actor, board_id)
    if actor.id is None:
        raise Invalid("A link belongs to a person; the system itself has none.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    fresh = {
        "token_hash": accounts.hash_of(token),
        "alarm_hours": new.alarm_hours,
        "created_at": clock.now(),
        "read_at": None,
    }
    put = insert(CalendarFeedRow).values(person_id=actor.id, board_id=board_id, **fresh)
    put = put.on_conflict_do_update(index_elements=["person_id", "board_id"], set_=fresh)
    row = db.scalars(put.returning(CalendarFeedRow), execution_options={"populate_existing": True}).one()
    audit.record(db, actor, Action.calendar_link_made, board_id)
    url = f"{settings().base_url}/calendar/{token}.ics"
    return NewCalendarLink(**CalendarLink.model_validate(row).model_dump(), url=url)


def calendar_link(db: Session, actor: Actor, board_id: UUID) -> CalendarLink | None:
    access_board(db, actor, board_id)
    row = db.scalar(_own(actor, board_id).execution_options(populate_existing=True))
    return CalendarLink.model_validate(row) if row else None


def revoke_calendar_link(db: Session, actor: Actor, board_id: UUID) -> None:
    """At once. Doing it twice is fine, and so is doing it when one does not see the board any more."""
    row = db.scalar(_own(actor, board_id))
    if row is not None:
        db.delete(row)
        audit.record(db, actor, Action.calendar_link_revoked, board_id)
        db.flush()


def _own(actor: Actor, board_id: UUID) -> sa.Select[CalendarFeedRow]:
    return sa.select(CalendarFeedRow).where(CalendarFeedRow.person_id == actor.id, CalendarFeedRow.board_id == board_id)
