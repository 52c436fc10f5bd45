"""What a summary of a board in a period holds."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.tasks.schemas import Category, Output, Priority

Outcome = Literal["done", "open", "dropped"]


class CardState(Output):
    """A card as it was at the end of a summary."""

    card_id: UUID
    title: str
    column: str | None
    priority: Priority
    category: Category
    assignee: str | None
    due_on: date | None
    completed_at: datetime | None
    number: int | None = None


class MovedCard(CardState):
    """With the column that it was in before its first move of the period."""

    from_column: str | None


class BlockedCard(CardState):
    """What it waits for, and since when."""

    blocked_by: list[str]
    blocked_since: datetime


class PlannedCard(CardState):
    """Dropped: archived or deleted without having been completed."""

    outcome: Outcome


class ProgressNote(Output):
    """What somebody noted on a card on a day of the period; its parts are Markdown."""

    card_id: UUID
    number: int | None
    title: str
    day: date
    author: str
    text: str
    issue: str
    analysis: str
    timeline: str
    resolution: str


class ColumnCount(Output):
    name: str
    is_done: bool
    wip_limit: int | None
    cards: int


class BoardSummary(Output):
    """The board as it was just before `until`, and what happened from `since` on. Counts are exact; lists are cut."""

    board_id: UUID
    board: str
    since: datetime
    until: datetime
    columns: list[ColumnCount]
    open: int
    created: int
    moved: int
    done: int
    overdue: int
    done_cards: list[CardState]
    open_cards: list[CardState]
    overdue_cards: list[CardState]
    highlights: list[CardState]
    # Later than the first reports: what was made before them has none of it.
    created_cards: list[CardState] = Field(default_factory=list)
    moved_cards: list[MovedCard] = Field(default_factory=list)
    blocked_days: int = Field(default=0, description="Blocked cards are those that have waited longer")
    blocked: int = 0
    blocked_cards: list[BlockedCard] = Field(default_factory=list)
    planned: int = 0
    planned_done: int = 0
    unplanned_done: int = 0
    planned_cards: list[PlannedCard] = Field(default_factory=list)
    next: int = 0
    next_cards: list[CardState] = Field(default_factory=list)
    notes: list[ProgressNote] = Field(default_factory=list)
