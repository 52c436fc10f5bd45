"""The trail as a file: streamed, so that a long one needs no memory."""

import csv
import io
import json
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from app.audit.schemas import AuditEntry, AuditFilter
from app.audit.tables import AuditRow
from app.core import db as database
from app.core.spreadsheet import defuse

EXPORT_FORMATS = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
ROWS_AT_ONCE = 500


def chosen(wanted: AuditFilter | None) -> "sa.Select[AuditRow]":
    query, by = sa.select(AuditRow), wanted or AuditFilter()
    if by.person_id:
        query = query.where(AuditRow.person_id == by.person_id)
    if by.action:
        whole = AuditRow.action == by.action
        query = query.where(whole if ":" in by.action else AuditRow.action.startswith(f"{by.action}:", autoescape=True))
    if by.since:
        query = query.where(AuditRow.at >= by.since)
    if by.until:
        query = query.where(AuditRow.at < by.until)
    return query


def export(wanted: AuditFilter, form: str) -> Iterator[bytes]:
    """Oldest first, in a transaction of its own: it is read while the answer is on its way."""
    line = {"csv": _csv_line, "ndjson": _json_line}[form]
    if form == "csv":
        yield _csv(list(AuditEntry.model_fields))
    with database.transaction() as db:
        db.execute(sa.text("set local statement_timeout = 0"))
        query = chosen(wanted).order_by(AuditRow.id).execution_options(yield_per=ROWS_AT_ONCE)
        for some in db.scalars(query).partitions():
            yield b"".join(map(_written(line), some))


def _written(line: Callable[[AuditEntry], bytes]) -> Callable[[AuditRow], bytes]:
    return lambda row: line(AuditEntry.model_validate(row))


def _json_line(entry: AuditEntry) -> bytes:
    return entry.model_dump_json().encode() + b"\n"


def _csv_line(entry: AuditEntry) -> bytes:
    """No text of a stranger becomes a formula in a spreadsheet."""
    found = entry.model_dump(mode="json")
    found["details"] = json.dumps(entry.details, ensure_ascii=False)
    return _csv(["" if value is None else str(value) for value in found.values()])


def _csv(values: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(map(defuse, values))
    return text.getvalue().encode()
