"""A question to datasets: in parts, or as SQL."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from app.queries.periods import Period

MAX_ROWS = 5000
MAX_SQL = 20_000
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
    """A fixed `value`, or the name of a `parameter` of the template that asks.

    Dates may name a moving day (`yesterday`), and `in_period` a moving period (`last_full_month`).
    """

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


Function = Literal["count", "sum", "avg", "min", "max", "count_distinct", "median", "share"]


class Measure(Shape):
    """`count` without a column counts rows. `share` is the part of the total of all groups: 0.25 for a quarter; without
    a column the part of all rows."""

    function: Function = "count"
    column: str | None = None
    name: str | None = Field(None, alias="as", max_length=200)

    @model_validator(mode="after")
    def _has_column(self) -> "Measure":
        if self.function not in ("count", "share") and not self.column:
            raise ValueError(f"{self.function} needs a column")
        return self

    @property
    def output(self) -> str:
        return self.name or (f"{self.function}_{self.column}" if self.column else self.function)


class Order(Shape):
    """`column` is the name of a column of the answer."""

    column: str = Name
    descending: bool = False


class Pair(Shape):
    """`left` is a column of what was named before (`alias.column` for a joined one), `right` of the joined dataset."""

    left: str = Name
    right: str = Name


class Join(Shape):
    """Only by declared keys: a column that references another dataset, or a key or unique column of one side."""

    dataset: str = Name
    name: str | None = Field(None, alias="as", min_length=1, max_length=100)
    kind: Literal["inner", "left"] = "left"
    on: list[Pair] = Field(min_length=1, max_length=10)

    @property
    def alias(self) -> str:
        return self.name or self.dataset


class QuerySpec(Shape):
    """Either rows as they are (`columns`) or figures (`measures`, by `group_by`).

    Columns of a joined dataset are called `alias.column`. `having` filters figures by the names they have in the
    answer. With a `connection`, `dataset` is a table there, and the question is answered there.
    """

    dataset: str = Name
    connection: str | None = Field(None, min_length=1, max_length=200)
    joins: list[Join] = Field([], max_length=8)
    filters: list[Filter] = Field([], max_length=50)
    columns: list[str] = Field([], max_length=100)
    group_by: list[Group] = Field([], max_length=10)
    measures: list[Measure] = Field([], max_length=50)
    having: list[Filter] = Field([], max_length=20)
    order_by: list[Order] = Field([], max_length=10)
    limit: int = Field(200, ge=1, le=MAX_ROWS)

    @model_validator(mode="after")
    def _rows_or_figures(self) -> "QuerySpec":
        if self.columns and (self.group_by or self.measures):
            raise ValueError("ask for columns, or for measures and groups, not for both")
        if self.having and not self.aggregates:
            raise ValueError("having filters figures: ask for measures or groups, or use filters")
        names = [self.dataset, *(join.alias for join in self.joins)]
        if twice := next((name for name in names if [n.casefold() for n in names].count(name.casefold()) > 1), None):
            raise ValueError(f'two datasets of this question are called "{twice}"; give one another name with "as"')
        return self

    @property
    def aggregates(self) -> bool:
        return bool(self.group_by or self.measures)

    @property
    def datasets(self) -> list[str]:
        """The first one, and those that are joined."""
        return list(dict.fromkeys([self.dataset, *(join.dataset for join in self.joins)]))


ParameterType = Literal["text", "integer", "decimal", "number", "boolean", "date", "timestamp", "period"]


class SqlParameter(Shape):
    """Bound as `$name`; a period as `$name_since` and `$name_until`. Moving days and periods go by their names."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    type: ParameterType = "text"
    value: Scalar | Period | None = None


class SqlQuery(Shape):
    """Exactly one SELECT over datasets, in the dialect of DuckDB (WITH is fine)."""

    sql: str = Field(min_length=1, max_length=MAX_SQL)
    parameters: list[SqlParameter] = Field([], max_length=50)
    limit: int = Field(200, ge=1, le=MAX_ROWS)
    connection: str | None = Field(None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "SqlQuery":
        names = [parameter.name for parameter in self.parameters]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f'two parameters are called "{twice}"')
        return self


def _kind_of(question: Any) -> str:
    is_sql = "sql" in question if isinstance(question, dict) else isinstance(question, SqlQuery)
    return "sql" if is_sql else "spec"


Question = Annotated[
    Annotated[QuerySpec, Tag("spec")] | Annotated[SqlQuery, Tag("sql")],
    Discriminator(_kind_of),
]
