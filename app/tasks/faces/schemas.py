"""What a board shows of its cards, and what of it is new."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.sharing.schemas import Level
from app.tasks.schemas import Assignee, BoardOptions, Category, Label, Lane, Output, Priority, WipMode


class CardFace(Output):
    """A card as the board shows it. `rank` orders the cards of a column, by byte."""

    id: UUID
    number: int
    title: str
    priority: Priority
    category: Category
    due_on: date | None
    start_on: date | None
    completed: bool
    estimate: float | None
    column_id: UUID
    lane_id: UUID | None
    rank: str
    version: int
    described: bool
    label_ids: list[UUID]
    assignees: list[Assignee]
    checklist: tuple[int, int] = Field(default=(0, 0), description="Done, all")
    comments: int = 0
    notes: int = 0
    files: int = 0
    blocked_by: list[int] = Field(default=[], description="The numbers of the open cards it waits for")
    moved_at: datetime | None = Field(default=None, description="Of an open card: when it was made or last moved")


class ColumnFace(Output):
    id: UUID
    name: str
    is_done: bool
    wip_limit: int | None
    wip_mode: WipMode
    wip_per_lane: bool


class BoardChanges(Output):
    """The board, and its cards that changed after `since`. `full`: these are all cards, forget the others.

    `gone` left the board: archived, or deleted. `matching` are the cards on the board that the filter finds.
    """

    revision: int
    level: Level
    full: bool
    name: str
    archived: bool
    options: BoardOptions
    columns: list[ColumnFace]
    lanes: list[Lane]
    labels: list[Label]
    cards: list[CardFace]
    gone: list[UUID]
    matching: list[UUID] | None = None
