"""Runs a built question on DuckDB. Imported by child processes only."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from app.core.errors import Invalid, TooLarge
from app.core.storage import filesystem
from app.queries.build_sql import Statement, build_sql
from app.queries.schemas import QueryResult, QuerySpec, Source

SECONDS = 20.0
MEMORY = "512MB"
ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 6),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class QueryTooSlow(Invalid):
    """This question took longer than 20 seconds. Narrow it by a filter."""


class QueryTooLarge(TooLarge):
    """This question needs more memory than is allowed. Narrow it by a filter or group it coarser."""


def execute(spec: QuerySpec, source: Source) -> QueryResult:
    statement = build_sql(spec, source)
    with _sandbox() as connection, _time_limit(connection, SECONDS):
        connection.register(source.dataset, _rows(source))
        rows = _fetch(connection, statement)
    kept = [[_json_value(value) for value in row] for row in rows[: spec.limit]]
    return QueryResult(
        columns=statement.columns,
        rows=kept,
        row_count=len(kept),
        truncated=len(rows) > spec.limit,
        sql=statement.sql,
        values=[str(value) for value in statement.values],
        dataset=source.dataset,
        dataset_id=source.dataset_id,
        version=source.version,
        batches=source.batches,
    )


@contextmanager
def _sandbox() -> Iterator[duckdb.DuckDBPyConnection]:
    """One thread: sums of floats must not depend on who came first. No files, no network, no extensions."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "threads": "1",
            "memory_limit": MEMORY,
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    alarm = threading.Timer(seconds, connection.interrupt)
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _fetch(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(statement.sql, statement.values).fetchall()
    except duckdb.InterruptException as error:
        raise QueryTooSlow from error
    except duckdb.OutOfMemoryException as error:
        raise QueryTooLarge from error


def _rows(source: Source) -> Any:
    """The live files as one Arrow dataset; no file yet is an empty table of the right columns."""
    if not source.files:
        return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in source.columns]).empty_table()
    store = filesystem()
    newest = pq.read_schema(source.files[-1], filesystem=store)
    return pads.dataset(source.files, schema=newest, filesystem=store, format="parquet")


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
