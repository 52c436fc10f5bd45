"""Lists end with a cursor: the sort key of the last row, so that pages stay stable while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from app.core.errors import Invalid

MAX_LIMIT = 200
T = TypeVar("T")


class BadCursor(Invalid):
    """This cursor does not come from this list. Start again without a cursor."""


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], list[Any]]) -> Page[T]:
    """`rows` were asked for with limit + 1: the extra one only tells that there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode(key(items[-1])) if more and items else None)


def encode(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def decode(cursor: str, parts: int) -> list[Any]:
    """The key parts as JSON values. Raises BadCursor."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(key, list) or len(key) != parts:
        raise BadCursor
    return key
