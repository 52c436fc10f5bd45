"""DuckDB, shut in: it sees the live files of the datasets that are asked, and nothing else.

Imported by child processes only.
"""

import json
import math
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from app.core.errors import Invalid, TooLarge
from app.core.storage import filesystem, local_folder
from app.queries.moments import Moment
from app.queries.schemas import Source
from app.queries.scope import quote

SECONDS = 20.0
MEMORY = "768MB"
THREADS = 2
CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": MEMORY,
    "temp_directory": "",
    "errors_as_json": "true",
}
# What each type of ours is here: the beginnings of the names that files may have for it, and what it is cast to.
TYPES = {
    "text": (("VARCHAR",), "VARCHAR"),
    "integer": (("BIGINT",), "BIGINT"),
    "decimal": (("DECIMAL",), "DECIMAL(38, 6)"),
    "number": (("DOUBLE",), "DOUBLE"),
    "boolean": (("BOOLEAN",), "BOOLEAN"),
    "date": (("DATE",), "DATE"),
    "timestamp": (("TIMESTAMP",), "TIMESTAMP"),
}
# In place of the engine's own clocks, which know neither the day of the installation nor a clock that stands still.
CLOCKS = """
CREATE MACRO current_date() AS {day};
CREATE MACRO today() AS {day};
CREATE MACRO get_current_timestamp() AS CAST({at} AS TIMESTAMPTZ);
CREATE MACRO get_current_time() AS CAST(CAST({at} AS TIME) AS TIMETZ);
CREATE MACRO current_localtimestamp() AS {at};
CREATE MACRO current_localtime() AS CAST({at} AS TIME);
CREATE MACRO ago(span) AS CAST({at} AS TIMESTAMPTZ) - CAST(span AS INTERVAL);
CREATE MACRO age(since) AS system.main.age(CAST({day} AS TIMESTAMP), since),
                (until, since) AS system.main.age(until, since);
"""
Connection = duckdb.DuckDBPyConnection


class QueryTooSlow(Invalid):
    """This question took longer than 20 seconds. Narrow it by a filter."""


class QueryTooLarge(TooLarge):
    """This question needs more memory than is allowed. Narrow it by a filter or group it coarser."""


class NotAnswered(Invalid):
    """This question cannot be answered."""


@contextmanager
def opened(sources: Mapping[str, Source], moment: Moment | None = None, *, threads: int = 1) -> Iterator[Connection]:
    """Each source under its name. One thread: sums of floats must not depend on who came first.

    Times are UTC; the day is that of `moment`, for questions that can ask what day it is.
    """
    connection = duckdb.connect(":memory:", config={**CLOSED, "threads": str(threads)})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        _shut(connection, [path for source in sources.values() for path in _paths(source)])
        for place, (name, source) in enumerate(sources.items()):
            _add(connection, name, source, place)
        if moment:
            connection.execute(CLOCKS.format(day=f"DATE '{moment.today}'", at=f"TIMESTAMP '{_utc(moment.at)}'"))
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _shut(connection: Connection, paths: list[str]) -> None:
    allowed = ", ".join(_literal(path) for path in paths)
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")


def _paths(source: Source) -> list[str]:
    folder = local_folder()
    return [str(folder / key) for key in source.files] if folder else []


def _add(connection: Connection, name: str, source: Source, place: int) -> None:
    """A view of the declared columns: files from before a column was there give nothing for it."""
    if not source.files:
        empty = ", ".join(f"CAST(NULL AS {TYPES[kind][1]}) AS {quote(column)}" for column, kind in source.columns)
        connection.execute(f"CREATE VIEW {quote(name)} AS SELECT {empty} WHERE false")
        return
    files = _files(connection, source, place)
    found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()}  # noqa: S608  names are quoted
    columns = ", ".join(_column(column, kind, found.get(column)) for column, kind in source.columns)
    rows = f"SELECT {columns} FROM {files} AS stored{_newest(source, files)}"  # noqa: S608  names are quoted
    connection.execute(f"CREATE VIEW {quote(name)} AS {rows}")


def _files(connection: Connection, source: Source, place: int) -> str:
    if paths := _paths(source):
        listed = ", ".join(_literal(path) for path in paths)
        return f"read_parquet([{listed}], union_by_name = true)"
    import pyarrow.dataset as pads  # noqa: PLC0415  only for buckets
    import pyarrow.parquet as pq  # noqa: PLC0415

    store = filesystem()
    newest = pq.read_schema(source.files[-1], filesystem=store)
    connection.register(f"files_{place}", pads.dataset(source.files, schema=newest, filesystem=store, format="parquet"))
    return f"files_{place}"


def _column(name: str, kind: str, stored: str | None) -> str:
    beginnings, own = TYPES[kind]
    if stored is None:
        return f"CAST(NULL AS {own}) AS {quote(name)}"
    is_zoned = kind == "timestamp" and "TIME ZONE" in stored
    return (
        quote(name)
        if stored.startswith(beginnings) and not is_zoned
        else f"CAST({quote(name)} AS {own}) AS {quote(name)}"
    )


def _newest(source: Source, files: str) -> str:
    """Rows that a later batch has replaced are left out. A key with a gap is nobody's: such rows all stay."""
    if not source.key or len(source.files) < 2:
        return ""
    key = ", ".join(quote(name) for name in source.key)
    same = " AND ".join(f"newer.{quote(name)} = stored.{quote(name)}" for name in source.key)
    newest = f'SELECT {key}, max("_batch") AS "_batch" FROM {files} GROUP BY {key}'  # noqa: S608  names are quoted
    newer = f'{newest} HAVING min("_batch") < max("_batch")'
    later = f'SELECT 1 FROM ({newer}) AS newer WHERE {same} AND newer."_batch" > stored."_batch"'  # noqa: S608  names are quoted
    return f" WHERE NOT EXISTS ({later})"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def time_limit(connection: Connection, seconds: float = SECONDS) -> Iterator[None]:
    alarm = threading.Timer(seconds, connection.interrupt)
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


@contextmanager
def said_plainly(sql: str, names: list[str]) -> Iterator[None]:
    """What DuckDB says about a question, for the person who asked it. Anything else stays a defect of ours."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise QueryTooSlow from error
    except duckdb.OutOfMemoryException as error:
        raise QueryTooLarge from error
    except (
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.ConversionException,
        duckdb.InvalidInputException,
        duckdb.NotImplementedException,
        duckdb.OutOfRangeException,
        duckdb.ParserException,
        duckdb.SyntaxException,
        duckdb.TypeMismatchException,
    ) as error:
        raise NotAnswered(explain(str(error), sql, names)) from error


def explain(said: str, sql: str, names: list[str]) -> str:
    found = re.search(r"\{.*\}", said, re.DOTALL)
    facts = json.loads(found[0]) if found else {}
    text = str(facts.get("exception_message", said)).split("\n\nLINE ")[0].split("\nDid you mean")[0]
    text = re.sub(r"\s+", " ", text.replace("Candidate bindings:", "Did you mean:")).strip()
    if folder := local_folder():
        text = text.replace(str(folder), "")
    ending = "" if text.endswith((".", "?", "!")) else "."
    tables = f" Datasets of this question: {', '.join(names)}." if facts.get("type") == "Table" else ""
    return f"{place_in(sql, facts.get('position'))}{text}{ending}{tables}"


def place_in(sql: str, position: Any) -> str:
    """DuckDB counts bytes."""
    if position is None or not 0 <= int(position) <= len(sql.encode()):
        return ""
    before = sql.encode()[: int(position)].decode(errors="ignore")
    return f"Line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}: "


def json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
