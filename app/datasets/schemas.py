"""What a dataset demands of its rows, and what others see of datasets, batches and rejects."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.datasets.columns import check_column, check_column_name, check_schema
from app.sharing.schemas import Level, ShareCreate

Transform = Literal["trim", "upper", "lower"]
LoadMode = Literal["append", "replace", "upsert"]
Limit = int | float | str


class Seen(BaseModel):
    """What is shown and never changed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ColumnType(StrEnum):
    text = "text"
    integer = "integer"
    decimal = "decimal"
    number = "number"
    boolean = "boolean"
    date = "date"
    timestamp = "timestamp"


class BatchStatus(StrEnum):
    loading = "loading"
    held = "held"
    published = "published"
    duplicate = "duplicate"
    failed = "failed"
    undone = "undone"


def _words(value: Any) -> Any:
    """`"trim upper"`, `"trim,upper"` and `["trim", "upper"]` mean the same."""
    return value.replace(",", " ").split() if isinstance(value, str) else value or []


class Column(BaseModel):
    """One column and its rules. Limits of dates are ISO texts, or `now` and `today`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(check_column_name)]
    type: ColumnType = ColumnType.text
    required: bool = False
    min: Limit | None = None
    max: Limit | None = None
    exclusive_min: Limit | None = None
    exclusive_max: Limit | None = None
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    pattern: str | None = Field(None, max_length=500)
    allowed: list[str] | None = Field(None, max_length=1000)
    unique: bool = False
    decimals: int | None = Field(None, ge=0, le=18)
    formats: list[str] = Field(default_factory=list, max_length=10)
    default: str | None = None
    transform: Annotated[list[Transform], BeforeValidator(_words)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits_its_type(self) -> "Column":
        check_column(self)
        return self


class Rule(BaseModel):
    """A condition over several columns that a good row fulfils. A missing value fulfils every condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    expression: str = Field(min_length=1, max_length=1000)
    message: str = Field("", max_length=200)


class DatasetSchema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: list[Column] = Field(min_length=1, max_length=500)
    rules: list[Rule] = Field(default_factory=list, max_length=100)
    key: list[str] = Field(default_factory=list)
    mode: LoadMode = "append"
    max_reject_share: float = Field(1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "DatasetSchema":
        check_schema(self)
        return self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


class DatasetCreate(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    description: str = Field("", max_length=500)
    definition: DatasetSchema = Field(alias="schema")
    share_with: list[ShareCreate] | None = Field(
        None, max_length=50, description="Default: everybody, or the team of whoever makes it"
    )


class DatasetChange(BaseModel):
    """What is not given stays as it is. `version` is the one that the change was made from."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    version: int | None = None
    description: str | None = Field(None, max_length=500)
    definition: DatasetSchema | None = Field(None, alias="schema")


class Dataset(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: UUID
    name: str
    description: str
    definition: DatasetSchema = Field(alias="schema")
    version: int
    owner_id: UUID | None
    created_at: datetime
    changed_at: datetime
    rows: int = 0
    rejected: int = 0
    batches: int = 0
    last_batch_at: datetime | None = None
    level: Level = Field(description="What you may do with it: view or edit")


class Pins(Seen):
    """What the uploader knows better than the guess."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None


class Dialect(Seen):
    """How the file is read: guessed from its first bytes unless pinned."""

    encoding: str = "utf-8"
    delimiter: str = ","
    newline: Literal["\n", "\r"] = "\n"
    bom: int = 0
    preamble: int = Field(0, description="Bytes up to the first record: byte order mark and column names")
    preamble_lines: int = 0
    header: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list, description="Columns of the file that the schema does not name")
    absent: list[str] = Field(default_factory=list, description="Optional columns that the file does not have")
    guessed: list[str] = Field(default_factory=list, description="Which of these were guessed, not pinned")


class Upload(Seen):
    """Bytes that already lie in the storage, with what was measured while they came in."""

    file_name: str
    key: str
    size: int
    sha256: str


class Batch(Seen):
    id: int
    dataset_id: UUID
    dataset: str
    file_name: str
    sha256: str
    size: int
    dialect: Dialect
    status: BatchStatus
    progress: float = Field(description="Share of the file's bytes that is stored")
    rows_in: int
    rows_valid: int
    rows_rejected: int
    failures: int
    run_id: UUID | None = Field(serialization_alias="job_id")
    duplicate_of: int | None
    replaced_by: int | None
    schema_version: int
    created_by: UUID | None
    created_at: datetime
    published_at: datetime | None
    error: str | None


class Failure(Seen):
    column: str
    rule: str
    value: str | None
    message: str


class Reject(Seen):
    batch_id: int
    row: int
    line: int
    raw: str
    failures: list[Failure]


class Reason(Seen):
    column: str
    rule: str
    rows: int


class Combination(Seen):
    """Rows that broke exactly this set of rules."""

    reasons: list[str]
    rows: int


class Day(Seen):
    day: date
    rows_in: int
    rows_valid: int
    rows_rejected: int


class Summary(Seen):
    dataset: str | None
    batch: int | None
    batches: int
    rows_in: int
    rows_valid: int
    rows_rejected: int
    success_rate: float | None
    failures: int
    by_reason: list[Reason]
    by_rule: dict[str, int]
    by_column: dict[str, int]
    by_combination: list[Combination] | None = Field(description="null beyond 300,000 rejects")
    by_day: list[Day]


class Trace(Seen):
    """One row from the file to the table, or to the rejects."""

    row_id: str
    dataset: str
    batch: int
    file_name: str
    sha256: str
    row: int
    line: int
    status: Literal["valid", "rejected"]
    raw: str
    values: dict[str, Any] | None
    failures: list[Failure]


class LiveFiles(Seen):
    """The Parquet files that are the dataset now. With a `key`, the row of the highest `_batch` counts for each key."""

    dataset_id: UUID
    dataset: str
    columns: list[tuple[str, ColumnType]]
    files: list[str]
    version: str
    batches: list[int]
    key: list[str] = Field(default_factory=list)


class RowsPreview(Seen):
    columns: list[str]
    rows: list[list[Any]]
    row_ids: list[str]
    next_cursor: str | None = None


class ProposedColumn(Seen):
    column: Column
    examples: list[str]
    missing: int
    distinct: int


class Proposal(Seen):
    """A schema read off the first rows of a file; a person decides."""

    dialect: Dialect
    columns: list[ProposedColumn]
    rows_seen: int
