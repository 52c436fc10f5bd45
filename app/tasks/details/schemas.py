"""What hangs on a card, on its way in and out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.tasks.schemas import Input, Output
from app.tasks.vocabulary import Storable

PARTS = ("text", "issue", "analysis", "timeline", "resolution")

ItemText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]
ListName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), Storable]
CommentText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), Storable]
NotePart = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), Storable]


class ItemCreate(Input):
    """Below `after`, else above `before`, else at the end of its list."""

    text: ItemText
    list: ListName = Field(default="", description="The heading it stands under; empty: none")
    after_id: UUID | None = Field(default=None, alias="after")
    before_id: UUID | None = Field(default=None, alias="before")


class ItemChange(Input):
    """Only what is given changes. Next to an item of another list it joins that list."""

    text: ItemText = ""
    done: bool = False
    list: ListName = ""
    after_id: UUID | None = Field(default=None, alias="after")
    before_id: UUID | None = Field(default=None, alias="before")


class ChecklistItem(Output):
    id: UUID
    card_id: UUID
    list: str
    text: str
    done: bool
    done_at: datetime | None
    done_by: str | None


class CommentCreate(Input):
    text: CommentText = Field(description="Markdown; @Name mentions somebody who sees the board")


class CommentChange(CommentCreate):
    pass


class Comment(Output):
    """`edited_at` says that it is no longer what was written at first."""

    id: UUID
    card_id: UUID
    author_id: UUID | None
    author: str
    text: str
    created_at: datetime
    edited_at: datetime | None


class NoteCreate(Input):
    """At least one of its parts must say something."""

    day: date | None = Field(default=None, description="Default: today, in the zone of TZ_DEFAULT")
    text: NotePart = ""
    issue: NotePart = ""
    analysis: NotePart = ""
    timeline: NotePart = ""
    resolution: NotePart = ""

    @model_validator(mode="after")
    def _says_something(self) -> "NoteCreate":
        if not any(getattr(self, part) for part in PARTS):
            raise ValueError(f"write at least one of {', '.join(PARTS)}")
        return self


class NoteChange(Input):
    """Only what is given changes."""

    day: date | None = None
    text: NotePart = ""
    issue: NotePart = ""
    analysis: NotePart = ""
    timeline: NotePart = ""
    resolution: NotePart = ""


class Note(Output):
    id: UUID
    card_id: UUID
    author_id: UUID | None
    author: str
    day: date
    text: str
    issue: str
    analysis: str
    timeline: str
    resolution: str
    created_at: datetime
    edited_at: datetime | None


class BoardNote(Note):
    """A note with the card it is about, for lists over a whole board."""

    number: int
    title: str


class CardFile(Output):
    """`media_type` is what its bytes look like, whatever its name says."""

    id: UUID
    card_id: UUID
    author_id: UUID | None
    author: str
    name: str
    size: int
    sha256: str
    media_type: str
    created_at: datetime


class CardFiles(Output):
    files: list[CardFile]


class BlockerAdd(Input):
    card_id: UUID = Field(alias="card", description="The card that must be done first, on the same board")


class LinkedCard(Output):
    """The other end of a dependency. It is `open` until it is completed or archived."""

    id: UUID
    number: int
    title: str
    open: bool
    column: str | None = Field(description="Null when it is archived")


class Counts(Output):
    """What the face of a card says about what hangs on it. `blocked_by` are the numbers of open blockers."""

    checklist_done: int = 0
    checklist_total: int = 0
    comments: int = 0
    files: int = 0
    notes: int = 0
    blocked_by: list[int] = Field(default_factory=list)
