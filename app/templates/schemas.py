"""A template: an ordered list of blocks, the parameters they use, and a look."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.queries.format import NumberFormat
from app.queries.periods import Period, RelativeDay, RelativePeriod
from app.queries.schemas import QuerySpec, Shape
from app.sharing.schemas import Level, ShareCreate

RESERVED = {"report", "blocks"}
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Title = Annotated[str, Field(max_length=300)]


class Block(Shape):
    """`id` stays the same while a block is edited and moved: texts and reports refer to it."""

    id: Identifier


class HeadingBlock(Block):
    kind: Literal["heading"] = "heading"
    text: Title
    level: int = Field(1, ge=1, le=3)


class TextBlock(Block):
    """Markdown, with `{{ parameter }}` and `{{ blocks.some_id.text }}` filled in."""

    kind: Literal["text"] = "text"
    markdown: str = Field(max_length=50_000)


class KpiBlock(Block):
    """One figure. The comparison shifts the query's period filter to the period before."""

    kind: Literal["kpi"] = "kpi"
    title: Title
    query: QuerySpec
    format: NumberFormat = NumberFormat()
    compare_with_previous: bool = False
    good: Literal["up", "down", "neither"] = "up"


class TableBlock(Block):
    kind: Literal["table"] = "table"
    title: Title = ""
    query: QuerySpec
    formats: dict[str, NumberFormat] = Field({}, description="By the name of a column of the answer")


class ChartSpec(Shape):
    """Small on purpose: it can be drawn for the web, for paper and by office programs alike."""

    kind: Literal["bar", "line", "area", "pie"] = "bar"
    x: str = Field(max_length=200)
    y: str = Field(max_length=200)
    series: str | None = Field(None, max_length=200)
    title: Title = ""
    alt: str = Field("", max_length=1000, description="What a person who cannot see the chart should know")
    stacked: bool = True


class ChartBlock(Block):
    kind: Literal["chart"] = "chart"
    title: Title = ""
    query: QuerySpec
    chart: ChartSpec
    format: NumberFormat = NumberFormat()


Section = Literal[
    "highlights", "done", "planned", "created", "moved", "blocked", "overdue", "open", "next", "notes"
]  # fmt: skip
# What a team wants to read on Monday; a block that says nothing has the first lists that there were.
TEAM_SECTIONS: list[Section] = ["highlights", "done", "planned", "moved", "blocked", "overdue", "next", "notes"]


class BoardSummaryBlock(Block):
    """What happened on a board in a period, given here or by a parameter.

    `sections` are its lists in their order; blocked are cards that have waited for more than `blocked_days` days.
    """

    kind: Literal["board_summary"] = "board_summary"
    title: Title = ""
    board_id: UUID
    period: RelativePeriod | Period | None = RelativePeriod.last_full_week
    parameter: str | None = None
    sections: list[Section] = Field(["highlights", "done", "overdue", "open"], max_length=10)
    blocked_days: int = Field(3, ge=0, le=365)


class PageBreakBlock(Block):
    kind: Literal["page_break"] = "page_break"


AnyBlock = Annotated[
    HeadingBlock | TextBlock | KpiBlock | TableBlock | ChartBlock | BoardSummaryBlock | PageBreakBlock,
    Field(discriminator="kind"),
]
ParameterType = Literal["text", "integer", "number", "date", "boolean", "choice", "period"]


class Parameter(Shape):
    """`default` may name a moving day (`yesterday`) or period (`last_full_week`)."""

    name: Identifier
    label: str = Field("", max_length=100)
    type: ParameterType = "text"
    default: str | bool | int | float | Period | None = None
    options: list[str] = Field([], max_length=200)

    @property
    def shown_as(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()


class Theme(Shape):
    accent: str = Field("#2563eb", pattern=r"^#[0-9a-fA-F]{6}$")
    organisation: str = Field("", max_length=100)


class TemplateContent(Shape):
    blocks: list[AnyBlock] = Field([], max_length=200)
    parameters: list[Parameter] = Field([], max_length=50)
    theme: Theme = Theme()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "TemplateContent":
        for what, names in (("block", [b.id for b in self.blocks]), ("parameter", [p.name for p in self.parameters])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f'two {what}s are called "{twice[0]}"')
        taken = sorted(RESERVED & {parameter.name for parameter in self.parameters})
        if taken:
            raise ValueError(f'a parameter may not be called "{taken[0]}"')
        return self


class TemplateCreate(TemplateContent):
    """Without `share_with`: everybody, or the team of whoever makes it."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    share_with: list[ShareCreate] | None = Field(default=None, max_length=50)


class TemplateChange(Shape):
    """`version` is the one the change is based on; what is left out stays."""

    version: int
    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=2000)
    blocks: list[AnyBlock] | None = None
    parameters: list[Parameter] | None = None
    theme: Theme | None = None


class TemplateSummary(BaseModel):
    """`level` is what sharing lets the reader do with it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    description: str
    version: int
    block_count: int
    owner_id: UUID | None
    created_at: datetime
    changed_at: datetime
    level: Level


class Template(TemplateSummary):
    content: TemplateContent


class TemplateVersion(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: int
    person: str
    created_at: datetime
    content: TemplateContent


class Finding(Shape):
    """`block` is None when the template as a whole is meant."""

    block: str | None
    severity: Literal["error", "warning"]
    message: str
    way_out: str


class Values(BaseModel):
    """Parameter values of one run, resolved to fixed days: JSON that goes into texts and filters."""

    model_config = ConfigDict(frozen=True)

    values: dict[str, Any] = {}

    def period(self, name: str) -> Period | None:
        value = self.values.get(name)
        if not isinstance(value, dict):
            return None
        return Period(since=date.fromisoformat(value["since"]), until=date.fromisoformat(value["until"]))


RELATIVE_DAYS = {day.value for day in RelativeDay}
RELATIVE_PERIODS = {period.value for period in RelativePeriod}
