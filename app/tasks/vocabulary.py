"""The words and the kinds of text that boards and cards are made of."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints


class Priority(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"


class Category(StrEnum):
    in_progress = "in_progress"
    accomplishment = "accomplishment"
    highlight = "highlight"


class WipMode(StrEnum):
    """What happens to a card that is one too many: it is refused, or it goes in and the board says so."""

    block = "block"
    warn = "warn"


class LabelColor(StrEnum):
    gray = "gray"
    red = "red"
    orange = "orange"
    yellow = "yellow"
    green = "green"
    teal = "teal"
    blue = "blue"
    violet = "violet"
    pink = "pink"


class EventKind(StrEnum):
    created = "created"
    moved = "moved"
    changed = "changed"
    archived = "archived"
    revived = "revived"
    deleted = "deleted"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


def _in_hundredths(number: float) -> float:
    if round(number, 2) != number:
        raise ValueError("must have at most two decimals")
    return number


Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_storable)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_storable)
]
Description = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_storable)]

Estimate = Annotated[float, Field(ge=0, le=999_999.99, allow_inf_nan=False), AfterValidator(_in_hundredths)]
MOST_HELD = 50  # labels, or people, of one card
AssigneeIds = Annotated[list[UUID], Field(max_length=MOST_HELD)]
LabelIds = Annotated[list[UUID], Field(max_length=MOST_HELD)]
