"""Cards as a table: a page of it, or all of it as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import db as database
from app.core.actor import Actor
from app.core.spreadsheet import defuse
from app.tasks.access import access_board
from app.tasks.table.query import card_query, ordered
from app.tasks.table.schemas import CardLine, CardTable, SortBy

MAX_LINES = 500
ROWS_AT_ONCE = 500
FIELDS = [name for name in CardLine.model_fields if name != "id"]


@dataclass(frozen=True)
class Export:
    """`parts` opens its own connection: it is read while the answer is on its way, after the request is over."""

    file_name: str
    parts: Iterator[bytes]


def card_table(
    db: Session,
    actor: Actor,
    board_id: UUID,
    filter: str = "",
    *,
    by: SortBy = SortBy.number,
    descending: bool = False,
    archived: bool = False,
    zone: ZoneInfo | None = None,
    offset: int = 0,
    limit: int = 50,
) -> CardTable:
    """The cards that a filter finds. Raises FilterError."""
    access_board(db, actor, board_id)
    query = card_query(actor, board_id, filter, zone, archived=archived)
    total = db.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    page = ordered(query, by, descending=descending).offset(max(offset, 0)).limit(min(max(limit, 1), MAX_LINES))
    return CardTable(total=total, lines=[_line(row) for row in db.execute(page)])


def cards_csv(
    db: Session, actor: Actor, board_id: UUID, filter: str = "", *, archived: bool = False, zone: ZoneInfo | None = None
) -> Export:
    """All of them, by number. Raises FilterError."""
    board = access_board(db, actor, board_id)
    query = ordered(card_query(actor, board_id, filter, zone, archived=archived), SortBy.number, descending=False)
    return Export(f"{board.name} cards.csv", _stream(query))


def _stream(query: Any) -> Iterator[bytes]:
    yield _csv([FIELDS])
    with database.transaction() as db:
        db.execute(sa.text("set local statement_timeout = 0"))
        for some in db.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).partitions():
            yield _csv(_cells(_line(row)) for row in some)


def _line(row: Any) -> CardLine:
    return CardLine.model_validate(dict(zip(CardLine.model_fields, row, strict=True)))


def _cells(line: CardLine) -> list[str]:
    return [_cell(getattr(line, name)) for name in FIELDS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:g}"
    return defuse(str(value))


def _csv(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
