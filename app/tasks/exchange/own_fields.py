"""What a board of ours has and Trello has not: under one name in the export, so that nothing is lost on a way back.

Trello itself, and others who read its files, pass over a name they do not know.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.tasks.exchange.draft import LEFT, TAKEN, Card, Column, ColumnLine, Draft, State
from app.tasks.exchange.trello import LATEST, OLDEST, NotATrelloBoard
from app.tasks.schemas import Category, Priority

NAME = "autoreport"
Text = Annotated[str, Field(max_length=20_000)]
Moment = Annotated[AwareDatetime, Field(ge=OLDEST, le=LATEST)]
Estimate = Annotated[Decimal, Field(ge=0, max_digits=8, decimal_places=2)]


class Own(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OwnLane(Own):
    id: Annotated[str, Field(max_length=80)]
    name: Annotated[str, Field(min_length=1, max_length=80)]


class OwnRule(Own):
    name: str
    when: dict[str, Any]
    condition: str = ""
    then: list[dict[str, Any]]
    enabled: bool = True
    zone: str = ""


class OwnRecurrence(Own):
    content: dict[str, Any]
    column_id: str | None = None
    lane_id: str | None = None
    timing: dict[str, Any]
    until: str | None = None
    only_if_done: bool = False
    enabled: bool = True


class OwnTemplate(Own):
    name: str
    content: dict[str, Any]


class OwnFilter(Own):
    name: str
    text: str
    shared: bool = False


class OwnBoard(Own):
    """What the last four hold is checked when it is made, so that one of them can fail alone."""

    lanes: list[OwnLane] = Field(default=[], max_length=100)
    options: dict[str, Any] = {}
    rules: list[OwnRule] = Field(default=[], max_length=1_000)
    recurring: list[OwnRecurrence] = Field(default=[], max_length=1_000)
    templates: list[OwnTemplate] = Field(default=[], max_length=1_000)
    filters: list[OwnFilter] = Field(default=[], max_length=1_000)


PARTS = {
    "rules": "Rules",
    "recurring": "Recurring cards",
    "templates": "Templates of cards",
    "filters": "Saved filters",
}


class OwnColumnLine(Own):
    at: Moment
    name: Annotated[str, Field(max_length=80)]
    position: int = Field(ge=0, le=9_999)
    done: bool
    wip_limit: int | None = Field(default=None, ge=1, le=9_999)
    removed: bool = False


class OwnColumn(Own):
    done: bool = False
    wip_limit: int | None = Field(default=None, ge=1, le=9_999)
    wip_mode: Literal["block", "warn"] = "block"
    wip_per_lane: bool = False
    history: list[OwnColumnLine] = Field(default=[], max_length=10_000)


class OwnItem(Own):
    done_at: Moment | None = None
    done_by: Annotated[str, Field(max_length=200)] = ""


class OwnComment(Own):
    edited_at: Moment | None = None


class OwnNote(Own):
    day: date
    author: Annotated[str, Field(max_length=200)]
    at: Moment
    edited_at: Moment | None = None
    text: Text = ""
    issue: Text = ""
    analysis: Text = ""
    timeline: Text = ""
    resolution: Text = ""


class OwnCard(Own):
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    estimate: Estimate | None = None
    lane: str | None = None
    start_on: date | None = None
    due_on: date | None = None
    completed_at: Moment | None = None
    blocked_by: list[str] = Field(default=[], max_length=1_000)
    notes: list[OwnNote] = Field(default=[], max_length=10_000)


class OwnState(Own):
    """A card as it was after one line of its history."""

    kind: Literal["created", "moved", "changed", "archived", "revived", "deleted"]
    at: Moment
    person: Annotated[str, Field(max_length=200)]
    title: Annotated[str, Field(max_length=200)]
    priority: Priority
    category: Category
    column: str | None = None
    from_column: str | None = None
    lane: str | None = None
    from_lane: str | None = None
    due_on: date | None = None
    completed_at: Moment | None = None
    estimate: Estimate | None = None
    labels: list[str] = []
    members: list[str] = []
    changes: dict[str, tuple[Any, Any]] = {}


T = TypeVar("T", bound=Own)


def checked(shape: type[T], given: Mapping[str, Any] | None) -> T | None:
    if given is None:
        return None
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotATrelloBoard(f"{NAME}.{place}: {first['msg']}.") from error


def own_board(draft: Draft, given: Mapping[str, Any] | None) -> None:
    if own := checked(OwnBoard, given):
        draft.lanes = [(lane.id, lane.name) for lane in own.lanes]
        draft.options = own.options
        for part, title in PARTS.items():
            if things := getattr(own, part):
                draft.automations[part] = [thing.model_dump() for thing in things]
                draft.note(TAKEN, f"{title}: {len(things)}")


def own_column(column: Column, given: Mapping[str, Any] | None) -> None:
    if own := checked(OwnColumn, given):
        column.is_done, column.wip_limit = own.done, own.wip_limit
        column.wip_mode, column.wip_per_lane = own.wip_mode, own.wip_per_lane
        lines = sorted(own.history, key=lambda line: line.at)
        column.history = [
            ColumnLine(line.at, line.name, line.position, line.done, line.wip_limit, line.removed) for line in lines
        ]


def own_card(card: Card, given: Mapping[str, Any] | None) -> None:
    if own := checked(OwnCard, given):
        card.priority, card.category, card.estimate = own.priority.value, own.category.value, own.estimate
        card.start_on, card.due_on = own.start_on, own.due_on
        card.lane, card.blocked_by = own.lane, list(dict.fromkeys(own.blocked_by))
        card.completed_at = own.completed_at
        card.notes = [note.model_dump() for note in own.notes]


def check_lanes(draft: Draft) -> None:
    known = {key for key, _ in draft.lanes}
    for card in draft.cards:
        if card.lane and card.lane not in known:
            draft.note(LEFT, "Lanes of cards that are not in the file: the cards are in none", card.title)
            card.lane = None


def own_state(data: Mapping[str, Any]) -> OwnState | None:
    given = data.get(NAME)
    return checked(OwnState, given) if isinstance(given, dict) else None


def state_of(own: OwnState) -> State:
    state = State(own.title, own.column, own.due_on)
    return replace(
        state,
        priority=own.priority.value,
        category=own.category.value,
        estimate=own.estimate,
        completed_at=own.completed_at,
        lane=own.lane,
        labels=tuple(own.labels),
        members=tuple(own.members),
        named=True,
    )
