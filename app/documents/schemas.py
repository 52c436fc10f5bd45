"""What others see of documents and of their text."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.sharing.schemas import Level

Form = Literal["pdf", "docx", "pptx"]
State = Literal["reading", "ready", "empty", "failed"]


class Seen(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Document(Seen):
    """`state`: its text is being read, can be searched, is not there, or could not be read; `note` says why."""

    id: UUID
    name: str
    file_name: str
    form: Form
    size: int
    sha256: str
    state: State
    note: str
    pages: int = Field(description="Pages, slides or sections")
    characters: int
    owner_id: UUID | None
    created_at: datetime
    changed_at: datetime
    level: Level = Field(description="What you may do with it: view or edit")
    job_id: UUID | None = None
    duplicate: bool = Field(False, description="You have had these bytes before: this is that document")


class DocumentChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


class DocumentPage(Seen):
    """Of a very long page, a piece of it."""

    page: int
    title: str
    text: str


class Piece(Seen):
    """Part of a snippet; `found` is what was looked for."""

    text: str
    found: bool = False


class Hit(Seen):
    """A page that holds every word of the question, or a word that begins like it."""

    document_id: UUID
    document: str
    form: Form
    page: int
    title: str
    snippet: list[Piece]
