"""What goes into a board and what comes out of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.sharing.schemas import Level, ShareCreate
from app.tasks.vocabulary import (
    AssigneeIds,
    Description,
    Estimate,
    LabelIds,
    Name,
    Title,
)
from app.tasks.vocabulary import Category as Category
from app.tasks.vocabulary import EventKind as EventKind
from app.tasks.vocabulary import LabelColor as LabelColor
from app.tasks.vocabulary import Priority as Priority
from app.tasks.vocabulary import WipMode as WipMode


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
    wip_mode: WipMode = WipMode.block
    wip_per_lane: bool = Field(default=False, description="The limit counts in each lane of its own")


class LaneEdit(Input):
    """Without an id it is a new lane."""

    id: UUID | None = None
    name: Name


class LabelEdit(Input):
    """Without an id it is a new label."""

    id: UUID | None = None
    name: Name
    color: LabelColor = LabelColor.gray


class BoardOptions(Input):
    """Each switch of a board; days of null switch off."""

    category_on_completion: bool = True
    forbid_done_while_blocked: bool = False
    due_soon_days: int | None = Field(default=2, ge=0, le=60)
    stale_days: int | None = Field(default=14, ge=1, le=365)
    archive_after_days: int | None = Field(default=None, ge=1, le=3_650)


class BoardCreate(Input):
    """Without `share_with`: everybody, or the team of whoever makes it."""

    name: Name
    columns: list[ColumnEdit] | None = Field(default=None, min_length=1, max_length=30)
    share_with: list[ShareCreate] | None = Field(default=None, max_length=50)


class BoardChange(Input):
    """Each list is the whole new one in order; what is left out of it is removed. What is not given stays."""

    version: int | None = Field(
        default=None, description="That of the board as you saw it; where it has another one by now, nothing is changed"
    )
    name: Name | None = None
    columns: list[ColumnEdit] | None = Field(default=None, min_length=1, max_length=30)
    lanes: list[LaneEdit] | None = Field(default=None, max_length=50)
    labels: list[LabelEdit] | None = Field(default=None, max_length=100)
    options: BoardOptions | None = Field(default=None, description="Only those that are given change")
    options_seen: BoardOptions | None = Field(
        default=None, description="As you saw them; where one that you change is another one by now, nothing is changed"
    )


class CardCreate(Input):
    title: Title
    description: Description = ""
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    start_on: date | None = None
    due_on: date | None = None
    estimate: Estimate | None = None
    assignee_ids: AssigneeIds = []
    label_ids: LabelIds = []
    lane_id: UUID | None = Field(default=None, alias="lane")
    column_id: UUID | None = Field(default=None, alias="column", description="Default: the first column")


class CardChange(Input):
    """Only what is given changes; null clears a date or the estimate, and takes the card out of its lane."""

    version: int
    title: Title = ""
    description: Description = ""
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    start_on: date | None = None
    due_on: date | None = None
    estimate: Estimate | None = None
    assignee_ids: AssigneeIds = []
    label_ids: LabelIds = []
    lane_id: UUID | None = Field(default=None, alias="lane")


class CardMove(Input):
    """Below `after`, else above `before`, else to the end of the column. The server finds the place.

    Without `lane` the card stays in its lane; null takes it out of any.
    """

    column_id: UUID = Field(alias="column")
    lane_id: UUID | None = Field(default=None, alias="lane")
    after_id: UUID | None = Field(default=None, alias="after")
    before_id: UUID | None = Field(default=None, alias="before")
    version: int


class Assignee(Output):
    id: UUID
    name: str


class Card(Output):
    id: UUID
    board_id: UUID
    number: int
    column_id: UUID | None
    lane_id: UUID | None = None
    title: str
    description: str
    priority: Priority
    category: Category
    start_on: date | None
    due_on: date | None
    estimate: float | None = None
    assignees: list[Assignee] = []
    label_ids: list[UUID] = []
    owner_id: UUID | None
    version: int
    created_at: datetime
    completed_at: datetime | None
    archived_at: datetime | None
    warnings: list[str] = Field(default=[], description="What the change led to, such as a limit that is passed")


class MyCard(Card):
    """A card in a list over several boards."""

    board: str
    column: str


class Column(Output):
    id: UUID
    name: str
    is_done: bool
    wip_limit: int | None
    wip_mode: WipMode = WipMode.block
    wip_per_lane: bool = False
    over_limit: bool = False
    cards: list[Card] = []


class Lane(Output):
    id: UUID
    name: str


class Label(Output):
    id: UUID
    name: str
    color: LabelColor


class BoardLine(Output):
    """A board in a list. `level` is that of who asks."""

    id: UUID
    name: str
    revision: int
    owner_id: UUID | None
    created_at: datetime
    archived_at: datetime | None = None
    cards: int
    archived: int
    level: Level
    version: int = Field(description="Of its name, columns, lanes and labels")


class Board(BoardLine):
    options: BoardOptions = BoardOptions()
    columns: list[Column]
    lanes: list[Lane] = []
    labels: list[Label] = []


class CardEvent(Output):
    """One line of a card's history; `changes` is {field: [old, new]}.

    `imported`: it happened elsewhere, as the file says from which it came.
    """

    id: int
    card_id: UUID
    kind: EventKind
    at: datetime
    person: str
    from_column: str | None
    to_column: str | None
    from_lane: str | None = None
    to_lane: str | None = None
    title: str
    changes: dict[str, Any]
    imported: bool = False
