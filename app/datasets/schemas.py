"""What others see of datasets, batches and rejects. What a dataset demands of its rows: `rules`."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.intake import Upload as Upload
from app.datasets.columns import DECIMAL_COMMA as DECIMAL_COMMA
from app.datasets.columns import NUMERIC as NUMERIC
from app.datasets.formats.schemas import Delimiter as Delimiter
from app.datasets.formats.schemas import Dialect as Dialect
from app.datasets.formats.schemas import Part as Part
from app.datasets.formats.schemas import Pins as Pins
from app.datasets.formats.schemas import Refused as Refused
from app.datasets.rejects.schemas import Edit as Edit
from app.datasets.rejects.schemas import Failure as Failure
from app.datasets.rejects.schemas import History as History
from app.datasets.rejects.schemas import Mend as Mend
from app.datasets.rejects.schemas import Mended as Mended
from app.datasets.rejects.schemas import Record as Record
from app.datasets.rejects.schemas import Reject as Reject
from app.datasets.rejects.schemas import RejectFilter as RejectFilter
from app.datasets.rejects.schemas import Replay as Replay
from app.datasets.rejects.schemas import ReplayRequest as ReplayRequest
from app.datasets.rules import Column as Column
from app.datasets.rules import ColumnType as ColumnType
from app.datasets.rules import DatasetSchema as DatasetSchema
from app.datasets.rules import Limit as Limit
from app.datasets.rules import Reference as Reference
from app.datasets.rules import Rule as Rule
from app.datasets.trials.schemas import Trial as Trial
from app.datasets.trials.schemas import TrialReason as TrialReason
from app.datasets.trials.schemas import TryChange as TryChange
from app.sharing.schemas import Level, ShareCreate


class Seen(BaseModel):
    """What is shown and never changed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class BatchStatus(StrEnum):
    loading = "loading"
    held = "held"
    published = "published"
    duplicate = "duplicate"
    failed = "failed"
    undone = "undone"


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
    apply: Literal["new_files", "everything"] = Field(
        "new_files", description="everything: what is stored is read again from its raw bytes under the new schema"
    )
    renamed: dict[str, str] = Field(default_factory=dict, max_length=500, description="Old name of a column: new name")
    note: str = Field("", max_length=500, description="Why, for the list of versions")


class UseVersion(BaseModel):
    """`new_files` is refused when the stored rows do not fit that version."""

    model_config = ConfigDict(extra="forbid")

    apply: Literal["new_files", "everything"] = "new_files"
    note: str = Field("", max_length=500)


class Dataset(BaseModel):
    """`rows`, `rejected` and `batches` are of the files in the table; the summary has held and replaced ones, too."""

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
    job_id: UUID | None = Field(None, description="The job that lays a changed schema over all that is stored")


class DatasetVersion(Seen):
    """A definition as it was. `applied_at`: since then all that is stored fulfils it; null: for later files only."""

    model_config = ConfigDict(populate_by_name=True)

    version: int
    definition: DatasetSchema = Field(alias="schema")
    changes: list[str] = Field(description="What it changed, in words; of the first version nothing")
    changed_by: UUID | None
    changed_at: datetime
    applied_at: datetime | None
    note: str
    figures: dict[str, int] | None = Field(description="Stored and rejected rows before and after it was applied")


class Batch(Seen):
    id: int
    dataset_id: UUID
    dataset: str
    file_name: str
    part: str = Field(description="Which sheet or archive member of the file this is")
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
    may_go_on: bool = Field(description="It stopped on its way, and goes on when its job is started again")


class Received(Seen):
    """The batches of one file, and what of it is not loaded."""

    batches: list[Batch]
    skipped: list[Refused] = Field(default_factory=list)


class Created(Seen):
    """A dataset that was made of one table of a file, and the batch that loads it."""

    dataset: str
    part: str
    batch: Batch


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


class FileFigures(Seen):
    batch: int
    dataset: str
    file_name: str
    part: str
    created_at: datetime
    rows_in: int
    rows_valid: int
    rows_rejected: int


class Summary(Seen):
    """Of all files but those that failed or were undone: held ones count, and so do those that others replaced."""

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
    by_file: list[FileFigures] = Field(description="The newest hundred")
    rows_mended: int = Field(description="Rejected at first and stored since; part of rows_valid")


class MessagePlace(Seen):
    """Where in a stream a row was read."""

    topic: str
    partition: int
    offset: int
    sent_at: datetime | None
    key: str | None


class Trace(Seen):
    """One row from the file to the table, or to the rejects."""

    row_id: str
    dataset: str
    batch: int
    file_name: str
    sha256: str
    part: str
    row: int
    line: int
    place: str = Field(description="Where in the file: line, sheet and row, or element")
    status: Literal["valid", "rejected"]
    raw: str
    loaded_by: UUID | None
    loaded_at: datetime
    values: dict[str, Any] | None
    failures: list[Failure] = Field(description="Why it was rejected; kept when it was mended later")
    mends: list[Replay] = Field(default_factory=list, description="Each try to mend it, oldest first")
    message: MessagePlace | None = Field(None, description="The message of a stream that the row was")


class LiveFiles(Seen):
    """The Parquet files that are the dataset now. With a `key`, the row of the highest `_batch` counts for each key."""

    dataset_id: UUID
    dataset: str
    columns: list[tuple[str, ColumnType]]
    files: list[str]
    version: str
    batches: list[int]
    key: list[str] = Field(default_factory=list)
    unique: list[list[str]] = Field(default_factory=list, description="Columns that are declared to tell rows apart")
    references: dict[str, tuple[str, str]] = Field(default_factory=dict)


class RowsPreview(Seen):
    columns: list[str]
    rows: list[list[Any]]
    row_ids: list[str]
    next_cursor: str | None = None


class NearlyType(Seen):
    """What most values of a text column are; the others would be rejected if it were of this type."""

    type: ColumnType
    misfits: int
    examples: list[str]


class ProposedColumn(Seen):
    column: Column
    examples: list[str]
    missing: int
    distinct: int
    nearly: NearlyType | None = None


class Proposal(Seen):
    """A schema read off the first rows of a file; a person decides."""

    dialect: Dialect
    columns: list[ProposedColumn]
    rows_seen: int
    part: str = Field("", description="Which sheet or member of the file this is")


class Proposals(Seen):
    """One for each table of a file."""

    parts: list[Proposal]
    skipped: list[Refused] = Field(default_factory=list)
