"""A report: what was asked for, what came out, block by block, and where every number comes from."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.jobs.schemas import RunStatus
from app.queries.format import NumberFormat
from app.queries.schemas import QueryResult, Shape, Source
from app.tasks.summaries.schemas import BoardSummary
from app.templates.schemas import ChartSpec, Section, TemplateContent, Theme, Values

Format = Literal["html", "pdf", "json"]


class ReportRequest(BaseModel):
    """`template` is the id or the name of a template."""

    model_config = ConfigDict(extra="forbid")

    template: str = Field(min_length=1, max_length=200)
    parameters: dict[str, Any] = {}
    title: str | None = Field(None, max_length=300)


class HeadingDone(Shape):
    kind: Literal["heading"] = "heading"
    id: str
    text: str
    level: int


class TextDone(Shape):
    """Markdown with every variable filled in."""

    kind: Literal["text"] = "text"
    id: str
    markdown: str


class KpiDone(Shape):
    kind: Literal["kpi"] = "kpi"
    id: str
    title: str
    text: str
    previous: str | None = None
    change: str | None = None
    verdict: Literal["better", "worse", "neutral"] = "neutral"
    answer: QueryResult
    previous_answer: QueryResult | None = None


class TableDone(Shape):
    kind: Literal["table"] = "table"
    id: str
    title: str
    formats: dict[str, NumberFormat]
    answer: QueryResult


class ChartDone(Shape):
    kind: Literal["chart"] = "chart"
    id: str
    title: str
    chart: ChartSpec
    format: NumberFormat
    alt: str
    svg: str
    answer: QueryResult


class BoardDone(Shape):
    kind: Literal["board_summary"] = "board_summary"
    id: str
    title: str
    period: str
    summary: BoardSummary
    # Later than the first reports: those have these lists, and no links.
    sections: list[Section] = Field(["highlights", "done", "overdue", "open"])
    address: str = Field("", description="Of the board; with &card= and an id that of a card")


class PageBreakDone(Shape):
    kind: Literal["page_break"] = "page_break"
    id: str


class FailedBlock(Shape):
    """Stands where the block would be: a reader must see that something is missing, and why."""

    kind: Literal["failed"] = "failed"
    id: str
    wanted: str
    title: str
    error: str


DoneBlock = Annotated[
    HeadingDone | TextDone | KpiDone | TableDone | ChartDone | BoardDone | PageBreakDone | FailedBlock,
    Field(discriminator="kind"),
]


class ReportContent(Shape):
    """All that rendering needs: the same content gives the same bytes, whenever and wherever."""

    title: str
    template: str
    template_version: int
    generated_at: datetime
    parameters: list[tuple[str, str]]
    theme: Theme
    blocks: list[DoneBlock]

    @property
    def failed(self) -> list[FailedBlock]:
        return [block for block in self.blocks if isinstance(block, FailedBlock)]


class Material(Shape):
    """What a child needs to evaluate a template without a database. A text in place of a thing says why it is gone."""

    title: str
    template: str
    template_version: int
    generated_at: datetime
    content: TemplateContent
    values: Values
    sources: dict[str, Source | str]
    boards: dict[str, BoardSummary | str]
    site: str = Field("", description="Where people reach the product")


class Report(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: UUID
    job_id: UUID
    template_id: UUID | None
    template_name: str
    template_version: int
    title: str
    status: RunStatus
    progress: float
    parameters: dict[str, Any]
    owner_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    failed_blocks: int
    error: str | None
    formats: list[Format]


class Requested(BaseModel):
    """Answer to a request: where to look for the result."""

    job_id: UUID
    report_id: UUID
    status: RunStatus
    progress: float


class Rendered(BaseModel):
    """What a child hands back."""

    model_config = ConfigDict(frozen=True)

    content: ReportContent
    html: bytes
    pdf: bytes


class Preview(BaseModel):
    html: str
    failed_blocks: int
