"""The rows of a SELECT as CSV, exactly, without holding them and without a loop over single values."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa

PART_BYTES, FETCHED = 256 << 10, 5000
Rows = Sequence[Sequence[Any]]


def csv_parts(connection: sa.Connection, sql: str) -> Iterator[bytes]:
    """First the line of column names."""
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        return _copied(driver, sql)
    return _fetched(connection, sql)


def value_of(connection: sa.Connection, sql: str) -> Any:
    return connection.exec_driver_sql(sql).scalar()


def quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def literal(connection: sa.Connection, value: Any) -> str:
    """A value as this database writes it; a text takes the type of what it is compared with."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    text = str(value)
    if "\0" in text or ("\\" in text and connection.dialect.name in ("mysql", "mariadb")):
        raise ValueError("a watermark cannot hold such characters")
    return "'" + text.replace("'", "''") + "'"


def _copied(connection: psycopg.Connection[Any], sql: str) -> Iterator[bytes]:
    """COPY answers row by row; small parts would cost more than the rows."""
    statement = f"copy ({sql}\n) to stdout (format csv, header)".encode()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        held = bytearray()
        for row in copy:
            held += row if len(row) > 1 else b'""\n'  # a single missing value: an empty line would be no row
            if len(held) >= PART_BYTES:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)


def _fetched(connection: sa.Connection, sql: str) -> Iterator[bytes]:
    options = {"stream_results": True, "max_row_buffer": FETCHED}
    with closing(connection.execution_options(**options).exec_driver_sql(sql)) as result:
        yield _lines([list(result.keys())])
        while rows := result.fetchmany(FETCHED):
            yield _lines(_plain([tuple(row) for row in rows]))


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    return sink.getvalue().encode("utf-8", "surrogatepass")


def _plain(rows: Rows) -> Rows:
    """Column by column, and only those that hold what CSV would write in another way."""
    columns = list(zip(*rows, strict=True))
    changed = [_column(column) for column in columns]
    return (
        rows if all(one is two for one, two in zip(columns, changed, strict=True)) else list(zip(*changed, strict=True))
    )


def _column(column: Sequence[Any]) -> Sequence[Any]:
    kinds = set(map(type, column))
    writer = next((write for kind, write in WRITERS.items() if any(issubclass(one, kind) for one in kinds)), None)
    return column if writer is None else [writer(value) for value in column]


def _moment(value: Any) -> Any:
    """With a zone: in UTC. Without one: as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _hex(value: Any) -> Any:
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | bytearray | memoryview) else value


def _exact(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else value


WRITERS: dict[type, Callable[[Any], Any]] = {
    datetime: _moment,
    bytes: _hex,
    bytearray: _hex,
    memoryview: _hex,
    Decimal: _exact,
}
