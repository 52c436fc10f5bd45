"""What is asked of a source, and what others see of it: never a secret."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.datasets.schemas import Pins


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(BaseModel):
    """What is shown and never changed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class PullStatus(StrEnum):
    running = "running"
    completed = "completed"
    partial = "partial"
    failed = "failed"


class ItemState(StrEnum):
    """`failed` is tried again at the next pull; `refused` only when the thing changes, or when somebody asks for it."""

    taken = "taken"
    duplicate = "duplicate"
    refused = "refused"
    failed = "failed"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_storable)]
Items = Annotated[int, Field(ge=1, le=10_000)]
Megabytes = Annotated[int, Field(ge=1, le=1_048_576)]


class SourceCreate(Shape):
    """What `settings` hold depends on the kind; secrets are among them and are never shown again."""

    name: Name
    kind: str = Field(max_length=40)
    dataset: str = Field(max_length=80)
    settings: dict[str, Any]
    pins: Pins = Pins()
    max_items: Items = 500
    max_mb: Megabytes = 2048


class SourceChange(Shape):
    """Only what is given changes. `settings` are given as a whole, but secrets that are left out stay as they are."""

    version: int
    name: Name | None = None
    settings: dict[str, Any] | None = None
    pins: Pins | None = None
    max_items: Items | None = None
    max_mb: Megabytes | None = None
    paused: bool | None = None


class PullOrder(Shape):
    again: bool = Field(False, description="Try what was refused once more, too")


class Source(Seen):
    """`secrets` names what is kept; `unreadable` what has to be entered again because its key is lost."""

    id: UUID
    name: str
    kind: str
    dataset: str
    settings: dict[str, Any]
    secrets: list[str]
    unreadable: list[str]
    watermark: dict[str, Any]
    pins: Pins
    max_items: int
    max_mb: int
    paused: bool
    continuous: bool
    owner_id: UUID | None
    version: int
    pulled_at: datetime | None
    error: str | None
    created_at: datetime
    changed_at: datetime


class Probe(Seen):
    """`found` are some of the things that a pull would look at."""

    ok: bool
    message: str
    found: list[str] = []


class Pull(Seen):
    """One visit: how many things were taken, were the same as before, were refused or could not be fetched."""

    id: int
    run_id: UUID = Field(serialization_alias="job_id")
    status: PullStatus
    taken: int
    duplicates: int
    refused: int
    failed: int
    size: int
    error: str | None
    started_at: datetime
    ended_at: datetime | None
    progress: float = Field(1.0, description="Of one that is running, from 0 to 1")
    batches: list[int] = []
    rows_in: int = 0
    rows_rejected: int = 0


class Item(Seen):
    id: int
    key: str
    fingerprint: str
    name: str
    state: ItemState
    reason: str | None
    size: int
    batch_ids: list[int]
    seen_at: datetime


class PullStarted(Seen):
    """The job to follow."""

    job_id: UUID


class StreamPartition(Seen):
    """`next_offset` is the message that is read next, `end_offset` the one that will come next."""

    topic: str
    partition: int
    next_offset: int
    end_offset: int | None
    seen_at: datetime | None


class StreamWarning(Seen):
    at: datetime
    text: str


class StreamState(Seen):
    """`lag`: messages that are there and not read yet, as of `seen_at` of the partitions."""

    is_followed: bool
    trouble: str | None
    retry_at: datetime | None
    batch_id: int | None
    messages: int
    rejected: int
    last_message_at: datetime | None
    lag: int
    partitions: list[StreamPartition]
    warnings: list[StreamWarning]


class Connection(Seen):
    """A database that questions can be asked in."""

    id: UUID
    name: str


class DatabaseTable(Seen):
    """Columns with their types in our words."""

    name: str
    columns: list[tuple[str, str]]


class DatabaseTables(Seen):
    tables: list[DatabaseTable]
    more: bool
