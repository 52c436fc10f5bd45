"""Cards as rows of a table."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID

from app.tasks.schemas import CardEvent, Category, Output, Priority


class SortBy(Enum):
    number = "number"
    title = "title"
    column = "column"
    lane = "lane"
    priority = "priority"
    category = "category"
    labels = "labels"
    assignees = "assignees"
    start_on = "start_on"
    due_on = "due_on"
    estimate = "estimate"
    created_at = "created_at"
    updated_at = "updated_at"
    completed_at = "completed_at"
    archived_at = "archived_at"


class CardLine(Output):
    """`column` is None for an archived card."""

    id: UUID
    number: int
    title: str
    column: str | None
    lane: str | None
    priority: Priority
    category: Category
    labels: list[str]
    assignees: list[str]
    start_on: date | None
    due_on: date | None
    estimate: float | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    archived_at: datetime | None


class CardTable(Output):
    """`total` cards are found; `lines` are those of one page."""

    total: int
    lines: list[CardLine]


class BoardEvent(CardEvent):
    """One line of what happened on a board."""

    number: int | None
    person_id: UUID | None
