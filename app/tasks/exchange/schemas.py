"""What is said about an import: before it, while it runs, and afterwards."""

from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.sharing.schemas import ShareCreate
from app.tasks.schemas import Input, Output
from app.tasks.vocabulary import Name

Form = Literal["trello", "csv"]
MAX_COLUMNS = 30  # what the dialog of a board can show and save


class ImportWishes(Input):
    """What is not given is guessed. `again`: also when this very file was imported before.

    `done`: names of the columns that complete a card; `columns`: names of the lists that become columns;
    `mapping`: field → column of the CSV file; `leave`: columns of it that are not read at all; `skip_rejected`: import
    the good rows although others cannot be imported.
    """

    name: Name | None = None
    zone: str = Field(default="UTC", max_length=64)
    done: list[str] | None = Field(default=None, max_length=100)
    columns: list[str] | None = Field(default=None, min_length=1, max_length=500)
    encoding: str | None = Field(default=None, max_length=40)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    mapping: dict[str, str] | None = None
    leave: list[str] = Field(default=[], max_length=200)
    skip_rejected: bool = False
    again: bool = False
    share_with: list[ShareCreate] | None = Field(default=None, max_length=50)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"there is no time zone {zone!r}; write it like Europe/Berlin")
        return zone

    @property
    def place(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


What = Literal["taken", "changed", "kept", "left"]


class ReportLine(Output):
    """`taken` as it is, `changed` to fit, `kept` as text that can be read on the card, `left` out."""

    what: What
    text: str
    count: int
    examples: list[str]


class Reject(Output):
    line: int
    reason: str


class FoundColumn(Output):
    """`left_out`: open in the file, but no column here; its cards go to the archive."""

    name: str
    is_done: bool
    cards: int
    closed: bool
    left_out: bool = False


class FoundPerson(Output):
    """`matched` is the person here whom cards and comments are given to; null: they keep the name as text."""

    name: str
    matched: str | None


class FoundCsv(Output):
    encoding: str
    delimiter: str
    header: list[str]
    mapping: dict[str, str]


class SameFile(Output):
    board_id: UUID
    board: str
    at: datetime


class Report(BaseModel):
    """What a file holds and what becomes of it."""

    model_config = ConfigDict(frozen=True)

    board: str
    format: Form
    file_name: str
    columns: list[FoundColumn]
    lanes: list[str]
    labels: list[str]
    people: list[FoundPerson]
    cards: int
    archived: int
    deleted: int
    checklist_items: int
    comments: int
    transitions: int
    lines: list[ReportLine]
    rejects: list[Reject]
    csv: FoundCsv | None = None


class ImportPreview(Report):
    """`already`: the boards that were made of this very file, as far as they can be seen."""

    already: list[SameFile]


class CardsAdded(Report):
    """What of a CSV file becomes cards of a board, by the columns of that board; `added`: it is done."""

    board_id: UUID
    added: bool


class BoardImport(Output):
    """`board_id` is there when it is done; `note` says why it failed."""

    id: UUID
    state: Literal["running", "done", "failed"]
    board_id: UUID | None
    run_id: UUID | None
    note: str
    file_name: str
    at: datetime
    progress: float = 0


class ImportReport(BoardImport):
    report: Report
