"""Private calendar links over HTTP. The feed itself is outside the API: see routes.py."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.accounts.web import PROVEN_JUST_NOW, Caller, Db
from app.tasks.calendar import service as calendar
from app.tasks.calendar.schemas import CalendarLink, CalendarLinkCreate, NewCalendarLink

router = APIRouter(tags=["calendar"], prefix="/boards/{board_id}/calendar-link")


@router.get("")
def read_calendar_link(db: Db, caller: Caller, board_id: UUID) -> CalendarLink | None:
    """Whether there is one of yours, and when it was read last; null without one."""
    return calendar.calendar_link(db, caller, board_id)


@router.post("", status_code=201, dependencies=[PROVEN_JUST_NOW])
def make_calendar_link(
    db: Db, caller: Caller, board_id: UUID, new: CalendarLinkCreate, response: Response
) -> NewCalendarLink:
    """The answer holds the link, this once. The one that you had for this board before ends."""
    response.headers["Cache-Control"] = "no-store"
    return calendar.make_calendar_link(db, caller, board_id, new)


@router.delete("", status_code=204)
def revoke_calendar_link(db: Db, caller: Caller, board_id: UUID) -> None:
    """At once; whatever reads it gets nothing any more."""
    calendar.revoke_calendar_link(db, caller, board_id)
