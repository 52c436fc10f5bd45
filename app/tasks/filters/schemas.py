"""What goes into a saved filter and what comes out of it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.tasks.filters.tokens import MAX_LENGTH
from app.tasks.schemas import Input, Output
from app.tasks.vocabulary import Name

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LENGTH)]


class FilterCreate(Input):
    """`shared`: for everybody on the board; `me` in it is whoever looks."""

    name: Name
    text: Text
    shared: bool = False


class FilterChange(Input):
    """Only what is given changes."""

    name: Name | None = None
    text: Text | None = None
    shared: bool | None = None


class DefaultFilter(Input):
    """With which filter the board opens for you; null: with none."""

    filter_id: UUID | None = Field()


class SavedFilter(Output):
    """`words` says it in plain English; `is_default` and `is_mine` are about who asks."""

    id: UUID
    board_id: UUID
    name: str
    text: str
    words: str
    shared: bool
    is_mine: bool
    is_default: bool
