"""A question to a dataset, and its answer."""

from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.queries.periods import Period

MAX_ROWS = 5000
Scalar = str | bool | int | float
Name = Field(min_length=1, max_length=200)


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Op(StrEnum):
    eq = "eq"
    ne = "ne"
    lt = "lt"
    le = "le"
    gt = "gt"
    ge = "ge"
    one_of = "one_of"
    none_of = "none_of"
    contains = "contains"
    starts_with = "starts_with"
    is_empty = "is_empty"
    is_filled = "is_filled"
    in_period = "in_period"

    @property
    def needs_value(self) -> bool:
        return self not in (Op.is_empty, Op.is_filled)


class Filter(Shape):
    """A fixed `value`, or the name of a `parameter` of the template that asks."""

    column: str = Name
    op: Op = Op.eq
    value: Scalar | list[Scalar] | Period | None = None
    parameter: str | None = None

    @model_validator(mode="after")
    def _one_value(self) -> "Filter":
        if self.value is not None and self.parameter is not None:
            raise ValueError(f"the filter on {self.column} has a value and a parameter; keep one")
        if self.op.needs_value and self.value is None and self.parameter is None:
            raise ValueError(f"the filter on {self.column} needs a value")
        return self


class Bucket(StrEnum):
    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


class Group(Shape):
    column: str = Name
    bucket: Bucket | None = None
    name: str | None = Field(None, alias="as", max_length=200)

    @property
    def output(self) -> str:
        return self.name or self.column


Function = Literal["count", "sum", "avg", "min", "max", "count_distinct"]


class Measure(Shape):
    """`count` without a column counts rows."""

    function: Function = "count"
    column: str | None = None
    name: str | None = Field(None, alias="as", max_length=200)

    @model_validator(mode="after")
    def _has_column(self) -> "Measure":
        if self.function != "count" and not self.column:
            raise ValueError(f"{self.function} needs a column")
        return self

    @property
    def output(self) -> str:
        return self.name or (f"{self.function}_{self.column}" if self.column else "count")


class Order(Shape):
    """`column` is the name of a column of the answer."""

    column: str = Name
    descending: bool = False


class QuerySpec(Shape):
    """Either rows as they are (`columns`) or figures (`measures`, by `group_by`)."""

    dataset: str = Name
    filters: list[Filter] = Field([], max_length=50)
    columns: list[str] = Field([], max_length=100)
    group_by: list[Group] = Field([], max_length=10)
    measures: list[Measure] = Field([], max_length=50)
    order_by: list[Order] = Field([], max_length=10)
    limit: int = Field(200, ge=1, le=MAX_ROWS)

    @model_validator(mode="after")
    def _rows_or_figures(self) -> "QuerySpec":
        if self.columns and (self.group_by or self.measures):
            raise ValueError("ask for columns, or for measures and groups, not for both")
        return self

    @property
    def aggregates(self) -> bool:
        return bool(self.group_by or self.measures)


class Source(Shape):
    """What a dataset looked like when it was asked: enough to ask it again.

    With a `key`, files may hold several rows of one key: the one of the highest `_batch` counts.
    """

    dataset: str
    dataset_id: UUID
    columns: list[tuple[str, str]]
    files: list[str]
    version: str
    batches: list[int]
    key: list[str] = []


class ResultColumn(Shape):
    name: str
    type: str
    bucket: Bucket | None = None


class QueryResult(Shape):
    """`rows` hold JSON values only: exact decimals and times travel as text, `columns` tell their types."""

    columns: list[ResultColumn]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    sql: str
    values: list[str]
    dataset: str
    dataset_id: UUID
    version: str
    batches: list[int]

    def records(self) -> list[dict[str, Any]]:
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]
