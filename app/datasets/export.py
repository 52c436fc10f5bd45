"""Rows out as a stream in five formats, in memory that does not grow. No formula of a stranger runs anywhere."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import psycopg as postgresql_psycopg
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import children
from app.core.actor import Actor
from app.core.db import database_url
from app.core.errors import Invalid, Unavailable
from app.datasets.access import access_batch, access_dataset, definition_of
from app.datasets.columns import precision_of, scale_of
from app.datasets.exports import copy_out, fields
from app.datasets.exports.fields import Extract, Field
from app.datasets.filters import filter_over, row_filter
from app.datasets.rejects.schemas import RejectFilter
from app.datasets.rejects.search import matching
from app.datasets.schemas import DatasetSchema
from app.datasets.stage import table_of
from app.datasets.tables import BatchRow, DatasetRow, RejectRow

EXPORT_FORMATS = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
CHILD_MEMORY_MB = 1024
MAX_DOWNLOADS = 8
OPEN_FILTER = RejectFilter()
NESTED = ("json", "ndjson")
FLATTENED = ("reasons", "messages")
# How the reasons of a reject are written where a cell holds one value.
REASONS = """
    (select string_agg(concat_ws(': ', nullif(one ->> 'column', ''), one ->> 'rule'), '; ')
     from jsonb_array_elements(rejects.failures) as one) as reasons,
    (select string_agg(one ->> 'message', ' ') from jsonb_array_elements(rejects.failures) as one) as messages
"""
REJECT_KINDS = {
    "batch": "integer",
    "file": "text",
    "row": "integer",
    "line": "integer",
    "reasons": "text",
    "messages": "text",
    "raw": "text",
}
_slots = threading.BoundedSemaphore(MAX_DOWNLOADS)


class UnknownFormat(Invalid):
    """There is no such format."""

    status = 400


class UnknownColumn(Invalid):
    """There is no such column."""


class DownloadsBusy(Unavailable):
    """Too many downloads are on their way just now. Try again when one of them is done."""


@dataclass(frozen=True)
class Export:
    """`parts` opens its own connection: it is read while the answer is on its way, after the request is over."""

    file_name: str
    media_type: str
    parts: Callable[[], Iterator[bytes]]


def export_rows(
    db: Session,
    actor: Actor,
    dataset: str,
    form: str,
    *,
    batch_id: int | None = None,
    where: str | None = None,
    columns: Sequence[str] | None = None,
) -> Export:
    """The valid rows of a dataset, or of one batch of it, for which the condition `where` is true."""
    row = access_dataset(db, actor, dataset)
    _require_format(form)
    if batch_id is not None:
        access_batch(db, actor, batch_id)
    schema = definition_of(row)
    conditions = [row_filter(schema, where), _of_batch(batch_id)]
    chosen = _chosen(schema, columns)
    query = sql.SQL("select {} from {}{} order by _batch, _row").format(
        sql.SQL(", ").join(sql.Identifier(field.name) for field in chosen), table_of(row.id), _where(conditions)
    )
    _record(db, actor, row, "rows", format=form, batch=batch_id, where=where)
    return _export(row.name, form, Extract(query, chosen, "Rows"))


def export_rejects(
    db: Session,
    actor: Actor,
    dataset: str,
    form: str,
    *,
    wanted: RejectFilter = OPEN_FILTER,
    where: str | None = None,
) -> Export:
    """One line per rejected row, with its reasons and its text as it stood in the file."""
    row = access_dataset(db, actor, dataset)
    _require_format(form)
    if wanted.batch is not None:
        access_batch(db, actor, wanted.batch)
    kinds = {name: kind for name, kind in REJECT_KINDS.items() if form not in NESTED or name not in FLATTENED}
    query = sql.SQL("select * from ({}) as _rejects{} order by batch, row").format(
        _rejects(row, form, wanted), _where([filter_over(kinds, where)])
    )
    found = tuple(Field(name, kind) for name, kind in kinds.items())
    _record(db, actor, row, "rejects", format=form, batch=wanted.batch, where=where)
    return _export(f"{row.name}-rejects", form, Extract(query, found, "Rejected rows"))


def _record(db: Session, actor: Actor, row: DatasetRow, what: str, **details: object) -> None:
    audit.record(db, actor, Action.rows_exported, row.id, dataset=row.name, what=what, **details)


def _rejects(row: DatasetRow, form: str, wanted: RejectFilter) -> sql.SQL:
    """The conditions of the list, so that a download holds what the list shows."""
    asked = [BatchRow.dataset_id == row.id, BatchRow.status.in_(("held", "published")), *matching(wanted)]
    asked.append(BatchRow.replaced_by.is_(None) if wanted.batch is None else BatchRow.id == wanted.batch)
    details = RejectRow.failures if form in NESTED else sa.literal_column(REASONS)
    head = RejectRow.batch_id.label("batch"), BatchRow.file_name.label("file"), RejectRow.row, RejectRow.line
    together = BatchRow.id == RejectRow.batch_id
    return _written_out(sa.select(*head, details, RejectRow.raw).join(BatchRow, together).where(*asked))


def _written_out(query: sa.Select[Any]) -> sql.SQL:
    """COPY takes no parameters: each value stands in the text, quoted by psycopg.

    A whole query: a condition written out alone does not know which table its EXISTS look back at.
    """
    dialect = postgresql_psycopg.dialect()  # type: ignore[no-untyped-call]
    compiled = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values = {name: Jsonb(value) if isinstance(value, list) else value for name, value in compiled.params.items()}
    return sql.SQL(str(compiled) % {name: sql.Literal(value).as_string() for name, value in values.items()})


def _chosen(schema: DatasetSchema, columns: Sequence[str] | None) -> tuple[Field, ...]:
    known = {
        column.name: Field(column.name, column.type.value, precision_of(column), scale_of(column))
        for column in schema.columns
    }
    names = list(dict.fromkeys(columns or known))
    if unknown := next((name for name in names if name not in known), None):
        raise UnknownColumn(f"There is no column {unknown!r}. Columns are: {', '.join(known)}.")
    return tuple(known[name] for name in names)


def _of_batch(batch_id: int | None) -> sql.Composable | None:
    return None if batch_id is None else sql.SQL("_batch = {}").format(sql.Literal(batch_id))


def _where(conditions: list[sql.Composable | None]) -> sql.Composable:
    given = [one for one in conditions if one is not None]
    return sql.SQL(" where ") + sql.SQL(" and ").join(given) if given else sql.SQL("")


def _require_format(form: str) -> None:
    if form not in EXPORT_FORMATS:
        raise UnknownFormat(f"{form!r} is not a format of this export. Formats are: {', '.join(EXPORT_FORMATS)}.")


def _export(name: str, form: str, extract: Extract) -> Export:
    return Export(f"{name}.{form}", EXPORT_FORMATS[form], lambda: _in_turn(_parts(form, extract)))


def _parts(form: str, extract: Extract) -> Iterator[bytes]:
    url = database_url()
    match form:
        case "csv":
            return copy_out.copied(url, fields.as_csv(extract))
        case "ndjson":
            return copy_out.copied(url, fields.as_json(extract))
        case "json":
            lines = copy_out.as_array(copy_out.messages(url, fields.as_json(extract)))
            return copy_out.in_chunks(lines, copy_out.CHUNK_BYTES)
        case "xlsx":
            return _from_child("write_xlsx", url, fields.as_sheet(extract), extract)
    return _from_child("write_parquet", url, fields.as_values(extract), extract)


def _from_child(module: str, url: str, copy: sql.Composed, extract: Extract) -> Iterator[bytes]:
    return children.stream(
        f"app.datasets.exports.{module}:write",
        url,
        copy.as_string(),
        extract.fields,
        extract.title,
        wall_seconds=copy_out.WALL_SECONDS,
        memory_mb=CHILD_MEMORY_MB,
    )


def _in_turn(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Each takes a connection and maybe a process of its own, for as long as its reader likes."""
    if not _slots.acquire(blocking=False):
        raise DownloadsBusy(f"{MAX_DOWNLOADS} downloads are on their way already. Try again when one of them is done.")
    try:
        yield from parts
    finally:
        _slots.release()
