"""Rules, recurring cards and templates of cards: what goes in and what comes out."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.schedules.schemas import Kind, Timing
from app.tasks.automations.parts import MAX_ITEMS, Actions, Item, Words
from app.tasks.automations.parts import Timed as Timed
from app.tasks.automations.parts import Trigger as Trigger
from app.tasks.schemas import Card, Category, Input, Output, Priority
from app.tasks.vocabulary import AssigneeIds, Description, Estimate, LabelIds, Name, Title

DAYS = 3_650


class RuleDraft(Input):
    """When something happens to a card and the card fits `condition`, then do all of `then`, or nothing of it."""

    when: Trigger
    condition: Words = Field(default="", description="A filter, such as label:bug priority:>=high; empty: any card")
    then: Actions


class RuleCreate(RuleDraft):
    name: Name
    enabled: bool = True
    zone: str = Field(default="", max_length=64, description="Whose day is meant by today; default: TZ_DEFAULT")


class RuleChange(Input):
    """Only what is given changes. `position` counts from 0."""

    version: int
    name: Name | None = None
    when: Trigger | None = None
    condition: Words | None = None
    then: Actions | None = None
    enabled: bool | None = None
    zone: str | None = Field(default=None, max_length=64)
    position: int | None = Field(default=None, ge=0, le=1_000)


class Rule(Output):
    """`words` is the rule as a sentence; `problem` says why it cannot work as it stands."""

    id: UUID
    board_id: UUID
    name: str
    when: Trigger
    condition: str
    then: Actions
    enabled: bool
    zone: str
    position: int
    owner_id: UUID | None
    version: int
    changed_at: datetime
    words: str = ""
    problem: str | None = None


class Outcome(StrEnum):
    done = "done"
    nothing = "nothing"
    failed = "failed"
    stopped = "stopped"


class Run(Output):
    """One card that a rule was about; `text` says what was done, or why not."""

    id: int
    rule_id: UUID
    card_id: UUID
    card_number: int
    card: str
    at: datetime
    outcome: Outcome
    text: str


class Touched(Output):
    """A card in a dry run."""

    card_id: UUID
    number: int
    title: str
    column: str | None


class Trial(Output):
    """The cards that a rule would be about now: the first ones, and how many there are."""

    count: int
    cards: list[Touched]


class CardContent(Input):
    """A card to be made, with days counted from the day on which it is made."""

    title: Title
    description: Description = ""
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    start_in_days: int | None = Field(default=None, ge=0, le=DAYS)
    due_in_days: int | None = Field(default=None, ge=0, le=DAYS)
    assignee_ids: AssigneeIds = Field(default=[])
    label_ids: LabelIds = Field(default=[])
    estimate: Estimate | None = None
    checklist: list[Item] = Field(default=[], max_length=MAX_ITEMS)

    @model_validator(mode="after")
    def _starts_before_it_is_due(self) -> "CardContent":
        if self.start_in_days is not None and self.due_in_days is not None and self.start_in_days > self.due_in_days:
            raise ValueError("due_in_days must not be less than start_in_days")
        return self


class TemplateCreate(Input):
    """With `from_card_id` the content is that of the card, dates counted from the day on which it was made."""

    name: Name
    content: CardContent | None = None
    from_card_id: UUID | None = Field(default=None, alias="from_card")


class TemplateChange(Input):
    version: int
    name: Name | None = None
    content: CardContent | None = None


class TemplateUse(Input):
    """`title` in place of that of the template; `column`: default the first one."""

    title: Title | None = None
    column_id: UUID | None = Field(default=None, alias="column")
    lane_id: UUID | None = Field(default=None, alias="lane")


class CardTemplate(Output):
    id: UUID
    board_id: UUID
    name: str
    content: CardContent
    owner_id: UUID | None
    version: int
    changed_at: datetime


class Made(Output):
    """A card that was made, and what of its template could not be kept."""

    card: Card
    left_out: list[str]


class Moments(Timing):
    """As for schedules: `cron`, or `every_seconds` from `starts_at`, or once at `starts_at`; in `zone`."""

    model_config = ConfigDict(extra="forbid")


class RecurrenceCreate(Input):
    """When: as for schedules. `until` is the last day; `only_if_done`: not while the last card is still open."""

    content: CardContent
    column_id: UUID | None = Field(default=None, alias="column", description="Default: the first column")
    lane_id: UUID | None = Field(default=None, alias="lane")
    timing: Moments
    until: date | None = None
    only_if_done: bool = False
    enabled: bool = True


class RecurrenceChange(Input):
    """Only what is given changes; null clears `until`, the column and the lane."""

    version: int
    content: CardContent | None = None
    column_id: UUID | None = Field(default=None, alias="column")
    lane_id: UUID | None = Field(default=None, alias="lane")
    timing: Moments | None = None
    until: date | None = None
    only_if_done: bool | None = None
    enabled: bool | None = None


class Recurrence(Output):
    """`next_at` is None when it is switched off or over."""

    id: UUID
    board_id: UUID
    content: CardContent
    column_id: UUID | None
    lane_id: UUID | None
    kind: Kind
    cron: str | None
    every_seconds: int | None
    starts_at: datetime | None
    zone: str
    until: date | None
    only_if_done: bool
    enabled: bool
    next_at: datetime | None
    owner_id: UUID | None
    version: int
    changed_at: datetime
    explanation: str = ""


class RecurrenceOutcome(StrEnum):
    made = "made"
    skipped = "skipped"
    failed = "failed"


class RecurrenceRun(Output):
    id: int
    recurrence_id: UUID
    occasion: datetime
    at: datetime
    outcome: RecurrenceOutcome
    text: str
    card_id: UUID | None


class ArchiveTrial(Output):
    """What the automatic archive would take now, oldest completion first."""

    days: int
    count: int
    cards: list[Touched]
    next_cursor: str | None = None
