"""Rows out as a stream: COPY writes the text, we only pass it on. No formula of a stranger runs in a spreadsheet."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor
from app.core.db import raw, transaction
from app.core.errors import Invalid
from app.datasets.access import access_batch, access_dataset, definition_of
from app.datasets.schemas import ColumnType
from app.datasets.stage import table_of
from app.datasets.tables import DatasetRow

EXPORT_FORMATS = {"csv": "text/csv", "json": "application/json", "ndjson": "application/x-ndjson"}
CHUNK_BYTES = 64 << 10
SORT_MEMORY = "64MB"
DANGEROUS = r"^[=+\-@＝＋－＠\t\r\n]"  # the wide ones are formulas where people type wide letters
JSON_COPY = (
    r"copy (select row_to_json(_line) from ({}) as _line) to stdout (format csv, quote E'\x01', delimiter E'\x02')"
)


class UnknownFormat(Invalid):
    """There is no such format."""

    status = 400


@dataclass(frozen=True)
class Export:
    """`parts` opens its own transaction: it is read while the answer is on its way, after the request's is over."""

    file_name: str
    media_type: str
    parts: Callable[[], Iterator[bytes]]


def export_rows(db: Session, actor: Actor, dataset: str, form: str, *, batch_id: int | None = None) -> Export:
    """The valid rows of a dataset, or of one batch of it."""
    row = access_dataset(db, actor, dataset)
    _require_format(form)
    if batch_id is not None:
        access_batch(db, actor, batch_id)
    columns = [_shown(column.name, form, text=column.type is ColumnType.text) for column in definition_of(row).columns]
    query = sql.SQL("select {} from {}{} order by _batch, _row").format(
        sql.SQL(", ").join(columns), table_of(row.id), _of_batch("_batch", batch_id)
    )
    audit.record(db, actor, Action.rows_exported, row.id, dataset=row.name, what="rows", format=form, batch=batch_id)
    return _export(f"{row.name}.{form}", form, query)


def export_rejects(db: Session, actor: Actor, dataset: str, form: str, *, batch_id: int | None = None) -> Export:
    """One line per rejected row, with its reasons and its text as it stood in the file."""
    row = access_dataset(db, actor, dataset)
    _require_format(form)
    if batch_id is not None:
        access_batch(db, actor, batch_id)
    audit.record(db, actor, Action.rows_exported, row.id, dataset=row.name, what="rejects", format=form, batch=batch_id)
    return _export(f"{row.name}-rejects.{form}", form, _rejects(row, form, batch_id))


def _rejects(row: DatasetRow, form: str, batch_id: int | None) -> sql.Composed:
    failures = sql.SQL("reject.failures")
    if form == "csv":
        failures = sql.SQL(
            "(select string_agg(concat_ws(': ', nullif(one ->> 'column', ''), one ->> 'rule'), '; ')"
            " from jsonb_array_elements(reject.failures) as one) as reasons,"
            " (select string_agg(one ->> 'message', ' ') from jsonb_array_elements(reject.failures) as one) as messages"
        )
    return sql.SQL(
        "select reject.batch_id as batch, {} as file, reject.row, reject.line, {}, {} as raw"
        " from rejects as reject join batches as batch on batch.id = reject.batch_id"
        " where batch.dataset_id = {} and batch.status in ('held', 'published'){} order by 1, 3"
    ).format(
        _harmless(sql.Identifier("batch", "file_name"), form),
        failures,
        _harmless(sql.Identifier("reject", "raw"), form),
        sql.Literal(row.id),
        sql.SQL(" and batch.id = {}").format(sql.Literal(batch_id)) if batch_id is not None else sql.SQL(""),
    )


def _of_batch(column: str, batch_id: int | None) -> sql.Composable:
    if batch_id is None:
        return sql.SQL("")
    return sql.SQL(" where {} = {}").format(sql.Identifier(column), sql.Literal(batch_id))


def _shown(name: str, form: str, *, text: bool) -> sql.Composable:
    """Only texts can be formulas: a number that starts with a minus stays a number."""
    value = _harmless(sql.Identifier(name), form) if text else sql.Identifier(name)
    safe = f"'{name}" if form == "csv" and re.match(DANGEROUS, name) else name
    return sql.SQL("{} as {}").format(value, sql.Identifier(safe))


def _harmless(value: sql.Composable, form: str) -> sql.Composable:
    if form != "csv":
        return value
    return sql.SQL("case when {0} ~ {1} then '''' || {0} else {0} end").format(value, sql.Literal(DANGEROUS))


def _require_format(form: str) -> None:
    if form not in EXPORT_FORMATS:
        raise UnknownFormat(f"{form!r} is not a format of this export. Formats are: {', '.join(EXPORT_FORMATS)}.")


def _export(file_name: str, form: str, query: sql.Composed) -> Export:
    if form == "csv":
        copy = sql.SQL("copy ({}) to stdout (format csv, header)").format(query)
        return Export(file_name, EXPORT_FORMATS[form], lambda: _in_chunks(_copied(copy)))
    copy = sql.SQL(JSON_COPY).format(query)
    if form == "json":
        return Export(file_name, EXPORT_FORMATS[form], lambda: _in_chunks(_as_array(_copied(copy))))
    return Export(file_name, EXPORT_FORMATS[form], lambda: _in_chunks(_copied(copy)))


def _copied(copy: sql.Composed) -> Iterator[bytes]:
    """A slow reader may take hours: it holds up nobody. Rows lie on disk not quite in order, so they are sorted."""
    with transaction() as db:
        connection = raw(db)
        connection.execute("set local statement_timeout = 0")
        connection.execute(f"set local work_mem = '{SORT_MEMORY}'")
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            for part in rows:
                yield bytes(part)


def _as_array(lines: Iterator[bytes]) -> Iterator[bytes]:
    lead = b"[\n"
    for line in lines:
        yield lead + line.rstrip(b"\n")
        lead = b",\n"
    yield b"[]\n" if lead == b"[\n" else b"\n]\n"


def _in_chunks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """COPY gives a message per row; the network wants more at a time."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
