"""Lists end with a cursor: the sort key of the last row, so that pages stay stable while rows come and go."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.errors import Invalid

MAX_LIMIT = 200
READERS: dict[type, Callable[[str], Any]] = {datetime: datetime.fromisoformat, UUID: UUID}

T = TypeVar("T")
SortKey = sa.ColumnElement[Any] | InstrumentedAttribute[Any]


class BadCursor(Invalid):
    """This cursor does not come from this list. Start again without a cursor."""


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


def fetch_page(
    db: Session,
    query: "sa.Select[*tuple[Any, ...]]",
    show: Callable[..., T],
    *by: SortKey,
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[T]:
    """One page of `query` in the order of `by`, which together must be unique. `show` gets the columns of a row.

    Raises BadCursor.
    """
    limit = min(max(limit, 1), MAX_LIMIT)
    if cursor:
        here, last = sa.tuple_(*by), sa.tuple_(*_position(cursor, by))
        query = query.where(here < last if newest_first else here > last)
    order = [column.desc() if newest_first else column.asc() for column in by]
    # One more than asked for: it only tells that there is more.
    rows = db.execute(query.add_columns(*by).order_by(*order).limit(limit + 1)).all()
    items = [show(*row[: -len(by)]) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode(rows[limit - 1][-len(by) :]) if len(rows) > limit else None)


def encode(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key), default=str).encode()).decode().rstrip("=")


def decode(cursor: str, kinds: list[type]) -> list[Any]:
    """The parts of the key, each of its kind. Raises BadCursor."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_part(part, kind) for part, kind in zip(key, kinds, strict=True)]
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCursor from error


def _part(part: Any, kind: type) -> Any:
    reader = READERS.get(kind)
    if type(part) is not (str if reader else kind):
        raise BadCursor
    return reader(str(part)) if reader else part


def _position(cursor: str, by: tuple[SortKey, ...]) -> list[sa.BindParameter[Any]]:
    parts = decode(cursor, [column.type.python_type for column in by])
    return [sa.literal(part, column.type) for part, column in zip(parts, by, strict=True)]
