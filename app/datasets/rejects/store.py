"""Mended rows move into their own batch: rows, counters, reasons, catalogue and history, in one transaction.

They wait in a temporary table, where many are asked at once what only the tables know: is it unique, does what it
refers to exist, has a newer file brought its key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from app.core import storage
from app.core.db import raw
from app.core.errors import Conflict
from app.datasets import publish, stage
from app.datasets.references import target_of
from app.datasets.rejects.schemas import Failure
from app.datasets.schemas import DatasetSchema
from app.datasets.stage import Connection
from app.datasets.tables import BatchRow, DatasetRow
from app.datasets.versions.tables import RevalidationRow

PATIENCE = "10min"
FIRST_MENDED_FILE = 1_000_000  # far behind the blocks of any file
WAITING = sql.Identifier("mended_rows")
Refused = list[tuple[int, Failure]]


class NotMendable(Conflict):
    """The rows of this batch cannot be mended now."""


class RulesChanged(Conflict):
    """The rules of this dataset changed while the row was checked. Try again."""


@dataclass(frozen=True)
class Place:
    """Where the rows of a batch belong. Take it with `locked`, so that nothing moves before the commit."""

    batch: BatchRow
    dataset: DatasetRow
    schema: DatasetSchema

    @property
    def merged(self) -> bool:
        """Whether its rows lie among those of other batches already."""
        return self.schema.mode == "upsert" and self.batch.status == "published"

    @property
    def table(self) -> sql.Identifier:
        if self.merged:
            return stage.table_of(self.dataset.id)
        return stage.staged_table(self.dataset.id, self.batch.id)


@dataclass(frozen=True)
class Author:
    """Who mended, by which rules, and what they wrote where the rows themselves do not say it."""

    person_id: UUID | None
    at: datetime
    schema_version: int
    run_id: UUID | None = None
    values: dict[str, str] | None = None
    raw: str | None = None


def require_mendable(db: Session, batch: BatchRow, dataset: DatasetRow) -> None:
    if batch.replaced_by is not None:
        raise NotMendable(f"Batch {batch.id} was replaced by batch {batch.replaced_by}. Mend the rows of that one.")
    if batch.status not in ("published", "held"):
        raise NotMendable(f"Batch {batch.id} is {batch.status}, so its rows cannot be mended now.")
    if db.scalar(sa.select(sa.exists().where(RevalidationRow.dataset_id == dataset.id))):
        raise NotMendable(f"{dataset.name} is being checked by new rules. Try again when that is done.")


def locked(db: Session, batch_id: int, schema: DatasetSchema, version: int) -> Place:
    """In the order in which publishing takes them. Raises NotMendable, RulesChanged."""
    db.execute(sa.text(f"set local statement_timeout = '{PATIENCE}'"))
    batch = db.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotMendable("This batch is gone.")
    dataset = publish.lock_dataset(db, batch.dataset_id)
    db.refresh(dataset)
    require_mendable(db, batch, dataset)
    if dataset.version != version:
        raise RulesChanged
    return Place(batch, dataset, schema)


def await_rows(connection: Connection, dataset_id: UUID, names: Sequence[str], copy: list[bytes]) -> None:
    """`copy` has `_batch`, `_row`, these columns and `_changed`, as PostgreSQL's binary COPY. More may follow."""
    connection.execute(
        sql.SQL("create temporary table if not exists {} (like {}, _changed jsonb) on commit drop").format(
            WAITING, stage.table_of(dataset_id)
        )
    )
    columns = _list(["_batch", "_row", *names, "_changed"])
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(WAITING, columns)
    with connection.cursor() as cursor, cursor.copy(statement) as sink:
        for part in copy:
            sink.write(part)


def refused_rows(db: Session, place: Place) -> Refused:
    """Of those that wait, what only the tables can refuse. Rows that somebody mended meanwhile wait no longer."""
    connection = raw(db)
    connection.execute(
        sql.SQL(
            "delete from {} as waiting where exists (select from replays as done"
            " where done.batch_id = waiting._batch and done.row = waiting._row and done.stored)"
        ).format(WAITING)
    )
    connection.execute(sql.SQL("analyze {}").format(WAITING))
    return [*_repeats(connection, place), *_lost_references(db, place), *_outdated(connection, place)]


def groups_of(schema: DatasetSchema) -> list[tuple[str, ...]]:
    """Columns that must be unique within a batch, each group together."""
    groups: list[tuple[str, ...]] = [(column.name,) for column in schema.columns if column.unique]
    return [*groups, tuple(schema.key)] if schema.key else groups


def _repeats(connection: Connection, place: Place) -> Iterator[tuple[int, Failure]]:
    for names in groups_of(place.schema):
        query = sql.SQL(
            "select _row, value, min(first) from ("
            " select new._row, {value} as value, old._row as first from {waiting} as new join {table} as old"
            " on old._batch = new._batch and {same}"
            " union all select _row, {value} as value, first from (select new.*, first_value(_row) over same as first"
            " from {waiting} as new where {given} window same as (partition by {names} order by _row)) as new"
            " where first < _row) as repeated group by 1, 2 order by 1"
        ).format(
            value=sql.SQL("concat_ws(' | ', {})").format(_list(names, "new")),
            waiting=WAITING,
            table=place.table,
            same=_same(names),
            given=sql.SQL(" and ").join(sql.SQL("{} is not null").format(sql.Identifier(name)) for name in names),
            names=_list(names),
        )
        about = ", ".join(names)
        for row, value, first in _rows(connection, query):
            words = f"{about} was there before, in row {first} of this file."
            yield row, Failure(column=about, rule="unique", value=value, message=words)


def _lost_references(db: Session, place: Place) -> Iterator[tuple[int, Failure]]:
    for column in place.schema.columns:
        if column.references is None:
            continue
        query = sql.SQL(
            "select new._row, new.{name}::text from {waiting} as new where new.{name} is not null"
            " and not exists (select from {known} as known where known.{key} = new.{name})"
        ).format(
            name=sql.Identifier(column.name),
            waiting=WAITING,
            known=stage.table_of(target_of(db, column).dataset_id),
            key=sql.Identifier(column.references.column),
        )
        known = f"{column.references.column} of the dataset {column.references.dataset}"
        for row, value in _rows(raw(db), query):
            words = f'{column.name} "{value}" is not among {known}.'
            yield row, Failure(column=column.name, rule="references", value=value, message=words)


def _outdated(connection: Connection, place: Place) -> Iterator[tuple[int, Failure]]:
    if not place.merged:
        return
    query = sql.SQL(
        "select new._row, concat_ws(' | ', {}), old._batch from {} as new join {} as old on {}"
        " where old._batch > new._batch"
    ).format(_list(place.schema.key, "new"), WAITING, place.table, _same(place.schema.key))
    about = ", ".join(place.schema.key)
    for row, value, batch in _rows(connection, query):
        words = f'{about} "{value}": batch {batch} has a newer row of this key, which would be written over.'
        yield row, Failure(column=about, rule="newer", value=value, message=words)


def store_mended(
    db: Session, place: Place, refused: Refused, author: Author, parquet: Callable[[list[int]], bytes]
) -> int:
    """All that wait and are not refused. `parquet` is asked for the file of the rows that are left."""
    connection = raw(db)
    remove = sql.SQL("delete from {} where _row = any(%s)").format(WAITING)
    connection.execute(remove, [[row for row, _ in refused]])
    rows = [row for (row,) in _rows(connection, sql.SQL("select _row from {} order by 1").format(WAITING))]
    if not rows:
        return 0
    _insert(connection, place, len(rows))
    _remember(connection, author)
    _move_counters(connection, place, len(rows))
    _catalogue(connection, place, len(rows), parquet(rows))
    db.expire(place.batch)
    db.expire(place.dataset)
    return len(rows)


def _insert(connection: Connection, place: Place, rows: int) -> None:
    columns = [*stage.OWN, *(column.name for column in place.schema.columns)]
    names, key = _list(columns), place.schema.key
    insert = sql.SQL("insert into {} ({}) select {} from {}").format(place.table, names, names, WAITING)
    if place.merged:
        before = stage.replaced_rows_table(place.dataset.id, place.batch.id)
        keep = sql.SQL("insert into {} select old.* from {} as old join {} as new on {}")
        rows -= connection.execute(keep.format(before, place.table, WAITING, _same(key))).rowcount
        changed = [sql.Identifier(name) for name in columns if name not in key]
        updates = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in changed)
        insert += sql.SQL(" on conflict ({}) do update set {}").format(_list(key), updates)
    connection.execute(insert)
    if place.batch.status == "published":
        connection.execute("update datasets set row_count = row_count + %s where id = %s", [rows, place.dataset.id])


def _remember(connection: Connection, author: Author) -> None:
    connection.execute(
        sql.SQL(
            'insert into replays (batch_id, row, at, person_id, run_id, schema_version, "values", raw, stored)'
            " select _batch, _row, %s, %s, %s, %s, coalesce(_changed, %s), %s, true from {}"
        ).format(WAITING),
        [
            author.at,
            author.person_id,
            author.run_id,
            author.schema_version,
            Jsonb(author.values) if author.values else None,
            author.raw,
        ],
    )


def _move_counters(connection: Connection, place: Place, rows: int) -> None:
    """The lists of failures say what each reason loses."""
    batch = place.batch.id
    failures = sql.SQL(
        "from rejects as reject join {} as mended on mended._row = reject.row,"
        " jsonb_array_elements(reject.failures) as failure where reject.batch_id = {}"
    ).format(WAITING, sql.Literal(batch))
    connection.execute(
        sql.SQL(
            "with lost as (select failure ->> 'column' as \"column\", failure ->> 'rule' as rule, count(*) as rows {}"
            " group by 1, 2), fewer as (update reject_reasons as known set rows = known.rows - lost.rows from lost"
            ' where known.batch_id = {} and known."column" = lost."column" and known.rule = lost.rule)'
            " update batches set rows_valid = rows_valid + {}, rows_rejected = rows_rejected - {},"
            " failures = failures - (select coalesce(sum(rows), 0) from lost) where id = {}"
        ).format(failures, sql.Literal(batch), sql.Literal(rows), sql.Literal(rows), sql.Literal(batch))
    )
    connection.execute("delete from reject_reasons where batch_id = %s and rows <= 0", [batch])


def _catalogue(connection: Connection, place: Place, rows: int, content: bytes) -> None:
    """The lock of the batch makes its next number ours; what an attempt that failed left there is written over."""
    found = connection.execute(
        "select coalesce(max(block) + 1, %s) from data_files where batch_id = %s and block >= %s",
        [FIRST_MENDED_FILE, place.batch.id, FIRST_MENDED_FILE],
    ).fetchone()
    block = int(str(found[0] if found else FIRST_MENDED_FILE))
    key = f"datasets/{place.dataset.id}/{place.batch.id}/mended-{block:07d}.parquet"
    storage.write(key, content)
    connection.execute(
        "insert into data_files (batch_id, block, key, rows, size) values (%s, %s, %s, %s, %s)",
        [place.batch.id, block, key, rows, len(content)],
    )


def _list(names: Sequence[str], table: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) if table else sql.Identifier(name) for name in names)


def _same(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(sql.SQL("old.{0} = new.{0}").format(sql.Identifier(name)) for name in names)


def _rows(connection: Connection, query: sql.Composed) -> list[Any]:
    return connection.execute(query).fetchall()
