"""What goes into a board and what comes out of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.sharing.schemas import Level, ShareCreate


class Priority(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"


class Category(StrEnum):
    in_progress = "in_progress"
    accomplishment = "accomplishment"
    highlight = "highlight"


class EventKind(StrEnum):
    created = "created"
    moved = "moved"
    changed = "changed"
    archived = "archived"
    revived = "revived"
    deleted = "deleted"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_storable)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_storable)
]
Description = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_storable)]


class Input(BaseModel):
    """Names with a short alias may be given either way."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Output(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ColumnEdit(Input):
    """Without an id it is a new column."""

    id: UUID | None = None
    name: Name
    is_done: bool = False
    wip_limit: int | None = Field(default=None, ge=1, le=9_999)


class BoardCreate(Input):
    """Without `share_with`: everybody, or the team of whoever makes it."""

    name: Name
    columns: list[ColumnEdit] | None = Field(default=None, min_length=1, max_length=30)
    share_with: list[ShareCreate] | None = Field(default=None, max_length=50)


class BoardChange(Input):
    """`columns` is the whole new row of columns in order; one that is left out is removed."""

    name: Name | None = None
    columns: list[ColumnEdit] | None = Field(default=None, min_length=1, max_length=30)


class CardCreate(Input):
    title: Title
    description: Description = ""
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    start_on: date | None = None
    due_on: date | None = None
    assignee_id: UUID | None = None
    column_id: UUID | None = Field(default=None, alias="column", description="Default: the first column")


class CardChange(Input):
    """Only what is given changes; null clears a date or the assignee."""

    version: int
    title: Title = ""
    description: Description = ""
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    start_on: date | None = None
    due_on: date | None = None
    assignee_id: UUID | None = None


class CardMove(Input):
    """Below `after`, else above `before`, else to the end of the column. The server finds the place."""

    column_id: UUID = Field(alias="column")
    after_id: UUID | None = Field(default=None, alias="after")
    before_id: UUID | None = Field(default=None, alias="before")
    version: int


class Card(Output):
    id: UUID
    board_id: UUID
    column_id: UUID | None
    title: str
    description: str
    priority: Priority
    category: Category
    start_on: date | None
    due_on: date | None
    assignee_id: UUID | None
    assignee: str | None = None
    owner_id: UUID | None
    version: int
    created_at: datetime
    completed_at: datetime | None
    archived_at: datetime | None


class MyCard(Card):
    """A card in a list over several boards."""

    board: str
    column: str


class Column(Output):
    id: UUID
    name: str
    is_done: bool
    wip_limit: int | None
    cards: list[Card] = []


class BoardLine(Output):
    """A board in a list. `level` is that of who asks."""

    id: UUID
    name: str
    revision: int
    owner_id: UUID | None
    created_at: datetime
    cards: int
    archived: int
    level: Level


class Board(BoardLine):
    columns: list[Column]


class CardEvent(Output):
    """One line of a card's history; `changes` is {field: [old, new]}."""

    id: int
    card_id: UUID
    kind: EventKind
    at: datetime
    person: str
    from_column: str | None
    to_column: str | None
    title: str
    changes: dict[str, Any]


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
