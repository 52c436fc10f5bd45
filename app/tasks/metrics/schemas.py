"""What is asked of the flow of work, and the figures that answer it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.tasks.schemas import Category, Input, Output, Priority


class MetricsQuery(Input):
    """Days from `since` on and before `until`, in `zone`. Filters look at cards as they were at the time that counts.

    A burndown runs towards `target`, a day.
    """

    since: date | None = Field(default=None, description="Default: twelve weeks before `until`")
    until: date | None = Field(default=None, description="The first day that no longer counts; default: tomorrow")
    zone: str = Field(default="", max_length=60, description="Default: the zone of the installation")
    target: date | None = Field(default=None, description="The day a burndown should reach zero")
    lane: UUID | Literal["none"] | None = None
    label: str | None = Field(default=None, max_length=80, description="Its name at that time")
    assignee: UUID | Literal["nobody"] | None = None
    category: Category | None = None
    priority: Priority | None = None


class MeasuredBoard(Output):
    id: UUID
    name: str


class FlowColumn(Output):
    """A column as it was at the end; `gone` says that it had been removed by then."""

    id: UUID
    board_id: UUID
    name: str
    position: int
    is_done: bool
    gone: bool


class FlowDay(Output):
    """The cards at the end of a day. `columns` are in the order of `Metrics.columns`, empty over several boards."""

    day: date
    columns: list[int]
    off_board: int = Field(description="Completed and then archived or deleted")
    waiting: int
    started: int
    done: int
    open: int
    open_estimate: float
    unestimated: int = Field(description="Open cards without an estimate")
    ideal: float | None = Field(default=None, description="Open cards on a straight way to the target")
    ideal_estimate: float | None = None


class DayCount(Output):
    day: date
    created: int
    completed: int
    completed_estimate: float


class WeekCount(Output):
    """A week from Monday on; one that the window cuts is not `whole`."""

    monday: date
    created: int
    completed: int
    whole: bool


class Spread(Output):
    """Days of 24 hours. Half, 85 and 95 of 100 cards took at most so long: each is the time of a real card."""

    cards: int
    p50: float | None
    p85: float | None
    p95: float | None


class Totals(Output):
    created: int
    completed: int
    completed_estimate: float
    completed_before: int = Field(description="In the four weeks before the window")
    not_started: int = Field(description="Completed without having been in a working column")
    lead: Spread
    cycle: Spread


class Stay(Output):
    """How long the completed cards were in a column, all their visits together."""

    column_id: UUID
    board_id: UUID
    name: str
    time: Spread


class FinishedCard(Output):
    card_id: UUID
    board_id: UUID
    number: int | None
    title: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime
    lead_days: float
    cycle_days: float | None


class AgeingCard(Output):
    """Started and not completed. `late`: older than 85 of 100 completed cards were when they were done."""

    card_id: UUID
    board_id: UUID
    number: int | None
    title: str
    column_id: UUID
    column: str
    assignees: list[str]
    started_at: datetime
    age_days: float
    in_column_days: float
    late: bool


class Load(Output):
    """A card of two people counts for both. Nobody has no id."""

    person_id: UUID | None
    name: str
    open: int
    estimate: float
    overdue: int
    completed: int


class BoardFigures(Output):
    board_id: UUID
    name: str
    open: int
    started: int
    overdue: int
    created: int
    completed: int
    cycle: Spread


class Metrics(Output):
    """`as_of` is the end of the window, or now if that is earlier: nothing later was looked at."""

    boards: list[MeasuredBoard]
    since: date
    until: date
    zone: str
    as_of: datetime
    target: date | None
    columns: list[FlowColumn]
    flow: list[FlowDay]
    days: list[DayCount]
    weeks: list[WeekCount]
    totals: Totals
    stays: list[Stay]
    finished: list[FinishedCard] = Field(description="The latest 2,000; the figures are of all")
    ageing: list[AgeingCard] = Field(description="The oldest 200")
    ageing_cards: int
    late_cards: int
    workload: list[Load]
    by_board: list[BoardFigures]
    insights: list[str]
