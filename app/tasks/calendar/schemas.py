"""Private links to a calendar, and the dates they lead to."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.tasks.schemas import Input, Output


class CalendarLinkCreate(Input):
    alarm_hours: int | None = Field(
        default=None, ge=0, le=168, description="Remind this many hours before the due day begins; null: not at all"
    )


class CalendarLink(Output):
    """Without the link itself: that was shown once."""

    board_id: UUID
    alarm_hours: int | None
    created_at: datetime
    read_at: datetime | None


class NewCalendarLink(CalendarLink):
    """`url` is in this answer and nowhere else."""

    url: str


class DatedCard(Output):
    """A card with a start or a due date, for a month of the calendar."""

    id: UUID
    number: int
    title: str
    priority: str
    column: str
    start_on: date | None
    due_on: date | None
    completed: bool
