"""What taking back asks for and tells."""

from uuid import UUID

from pydantic import Field

from app.tasks.schemas import Input, Output


class UndoRequest(Input):
    """`skip` gives up a step that was refused; the one before it is taken back."""

    skip: int | None = Field(default=None, ge=1, le=2**62)


class Undone(Output):
    """`undo` and `redo` say whether there is another step that way."""

    step: int
    message: str
    card_ids: list[UUID]
    undo: bool
    redo: bool


class Steps(Output):
    """What undo and redo would do next, in words; null when there is nothing."""

    undo: str | None
    redo: str | None
