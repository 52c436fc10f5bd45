"""What others see of rejected rows, and what they send to mend them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, computed_field, model_validator

MAX_TEXT = 1 << 20
State = Literal["open", "replayed", "all"]


class Seen(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Wanted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL byte cannot be stored; leave it out")
    return text


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_storable)]


class Failure(Seen):
    column: str
    rule: str
    value: str | None
    message: str


class Reject(Seen):
    """`replayed` rows were mended: they are stored now, and this is what they were."""

    batch_id: int
    row: int
    line: int
    raw: str
    failures: list[Failure]
    file_name: str = ""
    state: Literal["open", "replayed"] = "open"

    @computed_field(description="Batch and row: what `/rejects/{reject_id}` and `/trace` take")  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        return f"{self.batch_id}.{self.row}"


class RejectFilter(Wanted):
    """What is left out shows everything. `q` is looked for in the record, in offending values and in the messages."""

    rule: str | None = Field(default=None, max_length=200)
    column: str | None = Field(default=None, max_length=200)
    q: Annotated[str, AfterValidator(_storable)] = Field(default="", max_length=200)
    state: State = "open"
    batch: int | None = Field(default=None, ge=1)


class Mend(Wanted):
    """Either the new texts of the columns that change, or the whole record written anew; nothing = check it again."""

    values: dict[str, Text] | None = Field(default=None, max_length=500)
    raw: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Mend":
        if self.values is not None and self.raw is not None:
            raise ValueError("send either values or raw, not both")
        return self


class Edit(Wanted):
    """One change to all rows of a replay: trimmed, then looked up in `map`, then set (`old`: only where it was that).

    A missing value is the empty text.
    """

    column: str = Field(min_length=1, max_length=200)
    trim: bool = False
    map: dict[Text, Text] = Field(default_factory=dict, max_length=1000)
    value: Text | None = None
    old: Text | None = None

    @model_validator(mode="after")
    def _does_something(self) -> "Edit":
        if self.old is not None and self.value is None:
            raise ValueError(f"column {self.column!r}: old needs a value to put in its place")
        if not self.trim and not self.map and self.value is None:
            raise ValueError(f"column {self.column!r}: say trim, map or value")
        return self


class ReplayRequest(Wanted):
    """All open rejects, or those that the filter finds, are checked again by the rules of today."""

    rule: str | None = Field(default=None, max_length=200)
    column: str | None = Field(default=None, max_length=200)
    q: Annotated[str, AfterValidator(_storable)] = Field(default="", max_length=200)
    edits: list[Edit] = Field(default_factory=list, max_length=20)
    dry_run: bool = Field(default=False, description="Only count what would pass")

    def filter(self) -> RejectFilter:
        return RejectFilter(rule=self.rule, column=self.column, q=self.q)


class Replay(Seen):
    """One try to mend a row. Without `values` and `raw` it was only checked again."""

    id: int
    at: datetime
    person_id: UUID | None
    run_id: UUID | None
    schema_version: int
    values: dict[str, str] | None
    raw: str | None
    failures: list[Failure]
    stored: bool


class History(Seen):
    """The reject as it was found, and every try to mend it, oldest first."""

    reject: Reject
    tries: list[Replay]


class Record(Seen):
    """The texts of a reject by column, or null where its structure is broken: then only `raw` mends it."""

    reject: Reject
    values: dict[str, str] | None


class Mended(Seen):
    """A row that is stored now. Its id for `/trace` stays what it was."""

    row_id: str
    dataset: str
    batch_id: int
    row: int
    rows_valid: int
    rows_rejected: int


class ReplayStarted(Seen):
    """The result of the job says how many rows it checked, stored and left, and why it left them."""

    job_id: UUID
    title: str
    dry_run: bool
