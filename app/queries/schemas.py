"""Questions, what they are asked of, their answers, and questions with a name."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.queries.periods import Period
from app.queries.questions import (
    MAX_ROWS,
    MAX_SQL,
    Bucket,
    Filter,
    Function,
    Group,
    Join,
    Measure,
    Name,
    Op,
    Order,
    Pair,
    ParameterType,
    QuerySpec,
    Question,
    Scalar,
    Shape,
    SqlParameter,
    SqlQuery,
)
from app.sharing.schemas import Level, ShareCreate

__all__ = [
    "MAX_ROWS",
    "MAX_SQL",
    "Bucket",
    "Filter",
    "Function",
    "Group",
    "Join",
    "Measure",
    "Name",
    "NamedQuery",
    "Op",
    "Order",
    "Pair",
    "ParameterType",
    "Pinned",
    "QueryChange",
    "QueryCreate",
    "QueryName",
    "QueryResult",
    "QueryRun",
    "QuerySpec",
    "Question",
    "ResultColumn",
    "Scalar",
    "Shape",
    "Source",
    "SqlParameter",
    "SqlQuery",
    "Written",
]


class Source(Shape):
    """What a dataset looked like when it was asked: enough to ask it again.

    With a `key`, files may hold several rows of one key: the one of the highest `_batch` counts. `unique` are sets of
    columns that are declared to tell rows apart, `references` columns that name a row of another dataset.
    """

    dataset: str
    dataset_id: UUID
    columns: list[tuple[str, str]]
    files: list[str]
    version: str
    batches: list[int]
    key: list[str] = Field([])
    unique: list[list[str]] = Field([])
    references: dict[str, tuple[str, str]] = Field({})

    @staticmethod
    def elsewhere(name: str, columns: list[tuple[str, str]]) -> "Source":
        """A table of another database: nothing of it lies here."""
        return Source(dataset=name, dataset_id=UUID(int=0), columns=columns, files=[], version="", batches=[])


class Pinned(Shape):
    """One dataset of an answer, as it was."""

    dataset: str
    dataset_id: UUID
    version: str
    batches: list[int]


class ResultColumn(Shape):
    name: str
    type: str
    bucket: Bucket | None = None


class QueryResult(Shape):
    """`rows` hold JSON values only: exact decimals and times travel as text, `columns` tell their types.

    `dataset` and what follows it is the first dataset; `joined` are the others. An answer that comes from a
    `connection` has no batches of ours.
    """

    columns: list[ResultColumn]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    sql: str
    values: list[str]
    dataset: str
    dataset_id: UUID | None
    version: str
    batches: list[int]
    joined: list[Pinned] = Field([])
    warnings: list[str] = Field([])
    connection: str | None = None

    def records(self) -> list[dict[str, Any]]:
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class Written(Shape):
    """An answer as a Parquet file in the storage."""

    rows: int
    size: int
    sha256: str
    columns: list[ResultColumn]


QueryName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$")]


class QueryCreate(BaseModel):
    """It is asked once before it is kept, so that its columns are known."""

    model_config = ConfigDict(extra="forbid")

    name: QueryName
    description: str = Field("", max_length=500)
    question: Question
    share_with: list[ShareCreate] | None = Field(
        None, max_length=50, description="Default: everybody, or the team of whoever makes it"
    )


class QueryChange(BaseModel):
    """What is left out stays. `version` is the one the change is based on."""

    model_config = ConfigDict(extra="forbid")

    version: int
    name: QueryName | None = None
    description: str | None = Field(None, max_length=500)
    question: Question | None = None
    even_if_used: bool = Field(False, description="Change the columns of the answer although others build on them")


class QueryRun(BaseModel):
    """Other values for parameters of its SQL, and another limit."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Scalar | Period] = Field(default_factory=dict, max_length=50)
    limit: int | None = Field(None, ge=1, le=MAX_ROWS)


class NamedQuery(BaseModel):
    """`columns` are those of its answer when it was kept. `level` is what sharing lets the reader do with it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    description: str
    question: Question
    columns: list[ResultColumn]
    version: int
    owner_id: UUID | None
    created_at: datetime
    changed_at: datetime
    level: Level
