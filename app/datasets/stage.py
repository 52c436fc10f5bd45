"""The typed tables in the schema `data`: one parent per dataset, one partition per batch, staged out of sight.

Upsert datasets are one plain table with a unique key; a batch is staged the same way and merged when it is published.
"""

from uuid import UUID

import psycopg
from psycopg import sql

from app.datasets.columns import precision_of, scale_of
from app.datasets.schemas import Column, DatasetSchema

Connection = psycopg.Connection[tuple[object, ...]]
TYPES = {
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
OWN = ("_batch", "_row")


# `suffix` tells apart tables that are built beside those in use, to take their place later.
def table_of(dataset_id: UUID, suffix: str = "") -> sql.Identifier:
    return sql.Identifier("data", f"d_{dataset_id.hex}{suffix}")


def staged_table(dataset_id: UUID, batch_id: int, suffix: str = "") -> sql.Identifier:
    return sql.Identifier("data", f"d_{dataset_id.hex}_b{batch_id}{suffix}")


def replaced_rows_table(dataset_id: UUID, batch_id: int, suffix: str = "") -> sql.Identifier:
    """What an upsert overwrote, so that it can be undone."""
    return sql.Identifier("data", f"d_{dataset_id.hex}_b{batch_id}_before{suffix}")


def create_table(connection: Connection, dataset_id: UUID, schema: DatasetSchema, suffix: str = "") -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_type(column))) for column in schema.columns
    )
    tail = sql.SQL(") partition by list (_batch)").format()
    if schema.mode == "upsert":
        tail = sql.SQL(", unique ({}))").format(_names(schema.key))
    head = sql.SQL("create table {} (_batch bigint not null, _row bigint not null, {}").format(
        table_of(dataset_id, suffix), columns
    )
    connection.execute(head + tail)


def _type(column: Column) -> str:
    if column.type == "decimal":
        return f"numeric({precision_of(column)}, {scale_of(column)})"
    return TYPES[column.type]


def _names(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def drop_table(connection: Connection, dataset_id: UUID, batch_ids: list[int]) -> None:
    """Staged and replaced partitions do not hang on the parent any more: each goes by its name."""
    for batch_id in batch_ids:
        drop_staged(connection, dataset_id, batch_id)
    connection.execute(sql.SQL("drop table if exists {}").format(table_of(dataset_id)))


def create_staged(connection: Connection, dataset_id: UUID, batch_id: int, suffix: str = "") -> None:
    """No index while loading: each would cost as much as the load. The check makes attaching instant."""
    connection.execute(
        sql.SQL("create table if not exists {} (like {}, check (_batch = {}))").format(
            staged_table(dataset_id, batch_id, suffix), table_of(dataset_id, suffix), sql.Literal(batch_id)
        )
    )


def drop_staged(connection: Connection, dataset_id: UUID, batch_id: int, suffix: str = "") -> None:
    for table in (staged_table(dataset_id, batch_id, suffix), replaced_rows_table(dataset_id, batch_id, suffix)):
        connection.execute(sql.SQL("drop table if exists {}").format(table))


def take_place(connection: Connection, dataset_id: UUID, batch_ids: list[int], suffix: str) -> None:
    """The tables with the suffix lose it. Not every batch has each of them."""
    parent = f"d_{dataset_id.hex}"
    own = [f"{parent}_b{batch_id}{part}" for batch_id in batch_ids for part in ("", "_before")]
    for name in (*own, parent):
        rename = sql.SQL("alter table if exists {} rename to {}")
        connection.execute(rename.format(sql.Identifier("data", name + suffix), sql.Identifier(name)))


def attach(connection: Connection, dataset_id: UUID, batch_id: int, suffix: str = "") -> None:
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(
            table_of(dataset_id, suffix), staged_table(dataset_id, batch_id, suffix), sql.Literal(batch_id)
        )
    )


def detach(connection: Connection, dataset_id: UUID, batch_id: int) -> None:
    """The partition keeps its rows and its check, so that it can be attached again."""
    staged = staged_table(dataset_id, batch_id)
    connection.execute(sql.SQL("alter table {} detach partition {}").format(table_of(dataset_id), staged))


def merge(connection: Connection, dataset_id: UUID, batch_id: int, schema: DatasetSchema, suffix: str = "") -> None:
    """Newer rows win. What they overwrite is put aside."""
    table, staged = table_of(dataset_id, suffix), staged_table(dataset_id, batch_id, suffix)
    connection.execute(
        sql.SQL("create table {} as select old.* from {} as old join {} as new using ({})").format(
            replaced_rows_table(dataset_id, batch_id, suffix), table, staged, _names(schema.key)
        )
    )
    changed = [name for name in (*OWN, *(column.name for column in schema.columns)) if name not in schema.key]
    connection.execute(
        sql.SQL("insert into {} select * from {} on conflict ({}) do update set {}").format(
            table,
            staged,
            _names(schema.key),
            sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changed),
        )
    )
    connection.execute(sql.SQL("drop table {}").format(staged))


def unmerge(connection: Connection, dataset_id: UUID, batch_id: int) -> None:
    """Only right for the newest batch: the caller has seen to that."""
    table, before = table_of(dataset_id), replaced_rows_table(dataset_id, batch_id)
    connection.execute(sql.SQL("delete from {} where _batch = {}").format(table, sql.Literal(batch_id)))
    connection.execute(sql.SQL("insert into {} select * from {}").format(table, before))
    connection.execute(sql.SQL("drop table {}").format(before))


def count_rows(connection: Connection, dataset_id: UUID) -> int:
    found = connection.execute(sql.SQL("select count(*) from {}").format(table_of(dataset_id))).fetchone()
    assert found is not None
    return int(str(found[0]))
