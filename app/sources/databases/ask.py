"""Questions of people to a database of a source, in a child: tables, columns, and the rows of one SELECT."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core.errors import NotFound
from app.queries.build_sql import Translated
from app.queries.schemas import ResultColumn
from app.queries.service import Selected
from app.sources.connectors.sql import SqlSettings
from app.sources.databases.connect import Access, reading
from app.sources.databases.fetch import access_of

LONGEST_SECONDS, MOST_TABLES = 30, 200
# In this order: a moment is a date, a yes or no is a number, in Python.
KINDS: list[tuple[type, str]] = [
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "decimal"),
    (float, "number"),
    (datetime, "timestamp"),
    (date, "date"),
]
TYPES: list[tuple[type[sa.types.TypeEngine[Any]], str]] = [
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Float, "number"),
    (sa.Numeric, "decimal"),
    (sa.DateTime, "timestamp"),
    (sa.Date, "date"),
]
Columns = list[tuple[str, str]]


class TableNotFound(NotFound):
    """There is no such table in this database, or its login may not see it."""


def columns_of(settings: SqlSettings, tables: Sequence[str]) -> dict[str, Columns]:
    with reading(_access(settings)) as connection:
        known = sa.inspect(connection)
        try:
            return {table: _columns(known, table) for table in tables}
        except sa.exc.NoSuchTableError as error:
            raise TableNotFound(f"There is no table {error} in this database, or its login may not see it.") from error


def all_tables(settings: SqlSettings) -> tuple[list[tuple[str, Columns]], bool]:
    """Of the schema that is looked at first; whether there are more of them."""
    with reading(_access(settings)) as connection:
        known = sa.inspect(connection)
        names = sorted({*known.get_table_names(), *known.get_view_names()})
        return [(name, _columns(known, name)) for name in names[:MOST_TABLES]], len(names) > MOST_TABLES


def ask(settings: SqlSettings, question: Translated, limit: int) -> Selected:
    with reading(_access(settings)) as connection:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=limit + 1)
        with closing(streamed.execute(sa.text(question.sql), question.values)) as result:
            names, rows = list(result.keys()), [tuple(row) for row in result.fetchmany(limit + 1)]
    kinds = [_kind_of([row[place] for row in rows]) for place in range(len(names))]
    columns = [ResultColumn(name=name, type=kind) for name, kind in zip(names, kinds, strict=True)]
    return Selected(columns, [[_plain(value) for value in row] for row in rows])


def _access(settings: SqlSettings) -> Access:
    return replace(access_of(settings), seconds=min(settings.seconds, LONGEST_SECONDS))


def _columns(known: "sa.Inspector", table: str) -> Columns:
    return [(str(column["name"]), _type_of(column["type"])) for column in known.get_columns(table)]


def _type_of(kind: Any) -> str:
    return next((ours for theirs, ours in TYPES if isinstance(kind, theirs)), "text")


def _kind_of(values: list[Any]) -> str:
    given = [value for value in values if value is not None]
    fits = (ours for kind, ours in KINDS if given and all(isinstance(value, kind) for value in given))
    return next(fits, "text")


def _plain(value: Any) -> Any:
    """JSON: exact numbers and moments as text, moments in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat()
    if isinstance(value, float) and not (float("-inf") < value < float("inf")):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)
