"""Asks DuckDB, and shapes its answer. Imported by child processes only."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb

from app.core.errors import TooLarge
from app.core.storage import writer
from app.queries.build_sql import Statement, build_sql, quote
from app.queries.engine import THREADS, NotAnswered, QueryTooLarge, QueryTooSlow, json_value, opened, said_plainly
from app.queries.engine import time_limit as limited
from app.queries.joins import is_unique
from app.queries.moments import Moment
from app.queries.questions import Join, QuerySpec
from app.queries.schemas import Pinned, QueryResult, ResultColumn, Source, Written
from app.queries.scope import NO_OTHERS

__all__ = ["QueryTooLarge", "QueryTooSlow", "execute", "execute_sql", "write"]

ELSEWHERE = "A question to a connection has no place here. Bring its answer in as a dataset first, by a source."
WRITE_SECONDS = 600.0
ROWS_AT_A_TIME = 50_000


class TooManyRows(TooLarge):
    """The answer has more rows than may be kept."""


def execute(
    spec: QuerySpec, source: Source, sources: Mapping[str, Source] = NO_OTHERS, today: date | None = None
) -> QueryResult:
    """`sources` are those of the joined datasets."""
    if spec.connection:
        raise NotAnswered(ELSEWHERE)
    statement = build_sql(spec, source, sources, today)
    used = {name: sources[name] for name in spec.datasets[1:]}
    threads = THREADS if statement.exact else 1
    with (
        opened({spec.dataset: source, **used}, threads=threads) as connection,
        limited(connection),
        said_plainly(statement.sql, spec.datasets),
    ):
        rows = connection.execute(statement.sql, statement.values).fetchmany(spec.limit + 1)
        repeated = [each for join in spec.joins for each in _repeats(connection, join, sources[join.dataset])]
    answer = _answer(statement, rows, spec.limit, [source, *used.values()])
    return answer.model_copy(update={"warnings": repeated}) if repeated else answer


def execute_sql(
    sql: str, values: dict[str, Any], limit: int, sources: dict[str, Source], moment: Moment
) -> QueryResult:
    """`sql` was read and found harmless by `read_sql`."""
    with opened(sources, moment) as connection, limited(connection), said_plainly(sql, list(sources)):
        found = connection.execute(sql, values)
        columns = _columns(found)
        rows = found.fetchmany(limit + 1)
    statement = Statement(sql, list(values.values()), columns)
    return _answer(statement, rows, limit, list(sources.values()))


def write(sql: str, values: Any, sources: dict[str, Source], key: str, max_rows: int, moment: Moment) -> Written:
    """The whole answer into the storage, a piece at a time."""
    with opened(sources, moment) as connection, limited(connection, WRITE_SECONDS), said_plainly(sql, list(sources)):
        found = connection.sql(sql, params=values)
        columns = _columns(found)
        with writer(key) as sink:
            measured = Measured(sink)
            rows = _write(found.to_arrow_reader(ROWS_AT_A_TIME), measured, max_rows)
    return Written(rows=rows, size=measured.size, sha256=measured.digest.hexdigest(), columns=columns)


def _write(batches: Any, sink: Any, max_rows: int) -> int:
    import pyarrow as pa  # noqa: PLC0415  questions with a short answer need not pay for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows = 0
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), batches.schema, compression="zstd") as parquet:
        for batch in batches:
            rows += batch.num_rows
            if rows > max_rows:
                raise TooManyRows(f"The answer has more than the {max_rows:,} rows that may be kept.")
            parquet.write_batch(batch)
    return rows


class Measured:
    """Counts and digests what goes through to the sink."""

    closed = False

    def __init__(self, sink: Any) -> None:
        self._sink, self.digest, self.size = sink, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self.digest.update(piece)
        self.size += len(piece)
        self._sink.write(piece)
        return len(piece)

    def flush(self) -> None:
        """The sink is the storage's own."""

    def tell(self) -> int:
        return self.size


def _answer(statement: Statement, rows: list[tuple[Any, ...]], limit: int, used: list[Source]) -> QueryResult:
    kept = [[json_value(value) for value in row] for row in rows[:limit]]
    first, *others = used
    return QueryResult(
        columns=statement.columns,
        rows=kept,
        row_count=len(kept),
        truncated=len(rows) > limit,
        sql=statement.sql,
        values=[str(value) for value in statement.values],
        dataset=first.dataset,
        dataset_id=first.dataset_id,
        version=first.version,
        batches=first.batches,
        joined=[_pinned(source) for source in others],
    )


def _pinned(source: Source) -> Pinned:
    return Pinned(dataset=source.dataset, dataset_id=source.dataset_id, version=source.version, batches=source.batches)


def _repeats(connection: duckdb.DuckDBPyConnection, join: Join, right: Source) -> list[str]:
    """Rows of the left are counted once for each of these: right when it is meant, a wrong sum when it is not."""
    columns = [pair.right for pair in join.on]
    if is_unique(right, columns):
        return []
    keys = ", ".join(quote(name) for name in columns)
    filled = " AND ".join(f"{quote(name)} IS NOT NULL" for name in columns)
    table = quote(join.dataset)
    twice = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {filled} GROUP BY {keys} HAVING count(*) > 1)"  # noqa: S608  names are quoted
    found = connection.execute(twice).fetchone()
    if not found or not found[0]:
        return []
    values = f"{found[0]:,} value{'s' if found[0] > 1 else ''} of {' and '.join(columns)}"
    return [f"{join.dataset} has several rows for {values}: what is joined to them counts once for each."]


def _columns(found: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation) -> list[ResultColumn]:
    columns = [ResultColumn(name=name, type=_type_of(str(kind))) for name, kind, *_ in found.description]
    zoned = next((name for name, kind, *_ in found.description if "TIME ZONE" in str(kind)), None)
    if zoned is not None:
        raise NotAnswered(f'"{zoned}" is a time with a zone; write CAST(… AS TIMESTAMP) to get it in UTC.')
    names = [column.name for column in columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise NotAnswered(f'Two columns of the answer are called "{twice}"; give one another name with AS.')
    return columns


def _type_of(kind: str) -> str:
    """Of ours; what has no match here, such as a list, is shown as text."""
    if kind.endswith(("INT", "INTEGER")) or kind == "BIGINT":
        return "integer"
    for beginning, own in (("DECIMAL", "decimal"), ("DOUBLE", "number"), ("FLOAT", "number"), ("BOOL", "boolean")):
        if kind.startswith(beginning):
            return own
    return "date" if kind == "DATE" else "timestamp" if kind.startswith("TIMESTAMP") else "text"
