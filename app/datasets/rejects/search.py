"""Finding rejected rows: batch by batch along the primary key, newest batch first, in a bounded time.

No index beyond that key: each would slow down every load, and a page of matches is found by reading on from the last.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.core.paging import MAX_LIMIT, Page, decode, encode
from app.datasets.access import access_batch, access_dataset
from app.datasets.rejects.schemas import Reject, RejectFilter
from app.datasets.tables import BatchRow, RejectRow, ReplayRow

SEARCH_SECONDS = 8.0
TIMED_OUT = "57014"
ALL_OPEN = RejectFilter()
# How many rejects match is anybody's guess, and a wrong one reads and sorts all of them for the first page.
OTHER_PLANS = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin")
COUNTED = ("loading", "held", "published")


class SearchTooBroad(Invalid):
    """This search takes too long. Narrow it down by batch, rule or column."""


class RejectNotFound(NotFound):
    """There is no such rejected row, or you may not see it."""


def rejects(
    db: Session,
    actor: Actor,
    batch_id: int,
    wanted: RejectFilter = ALL_OPEN,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Reject]:
    """Of one batch, in the order of the file, each with everything that is wrong with it."""
    batch = access_batch(db, actor, batch_id)
    return _page(db, [(batch.id, batch.file_name)], wanted, limit, cursor)


def dataset_rejects(
    db: Session,
    actor: Actor,
    dataset: str,
    wanted: RejectFilter = ALL_OPEN,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Reject]:
    """Of all batches that count, newest first, each in the order of its file."""
    row = access_dataset(db, actor, dataset)
    query = sa.select(BatchRow.id, BatchRow.file_name).where(
        BatchRow.dataset_id == row.id, BatchRow.status.in_(COUNTED), BatchRow.replaced_by.is_(None)
    )
    if wanted.batch is not None:
        query = query.where(BatchRow.id == wanted.batch)
    files = [(found.id, found.file_name) for found in db.execute(query.order_by(BatchRow.id.desc()))]
    return _page(db, files, wanted, limit, cursor)


def _page(
    db: Session, files: Sequence[tuple[int, str]], wanted: RejectFilter, limit: int, cursor: str | None
) -> Page[Reject]:
    limit = min(max(limit, 1), MAX_LIMIT)
    batch_from, row_from = decode(cursor, [int, int]) if cursor else (None, 0)
    conditions, until = matching(wanted), time.monotonic() + SEARCH_SECONDS
    found: list[Reject] = []
    for batch_id, file_name in files:
        if batch_from is not None and batch_id > batch_from:
            continue
        after = row_from if batch_id == batch_from else 0
        query = _select(batch_id, after, conditions).limit(limit + 1 - len(found))
        found += [_shown(one, is_stored, file_name) for one, is_stored in _within(db, query, until)]
        if len(found) > limit:
            break
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=encode((last.batch_id, last.row)) if last else None)


def _select(batch_id: int, after: int, conditions: list[sa.ColumnElement[bool]]) -> "sa.Select[RejectRow, bool]":
    query = sa.select(RejectRow, is_replayed().label("replayed"))
    return query.where(RejectRow.batch_id == batch_id, RejectRow.row > after, *conditions).order_by(
        RejectRow.batch_id, RejectRow.row
    )


def _within(db: Session, query: "sa.Select[RejectRow, bool]", until: float) -> Sequence[sa.Row[RejectRow, bool]]:
    left = max(int((until - time.monotonic()) * 1000), 1)
    try:
        with db.begin_nested():
            db.execute(sa.text(f"set local statement_timeout = {left}"))
            for other in OTHER_PLANS:
                db.execute(sa.text(f"set local {other} = off"))
            found = db.execute(query).all()
            for changed in ("statement_timeout", *OTHER_PLANS):
                db.execute(sa.text(f"set local {changed} to default"))
            return found
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != TIMED_OUT:
            raise
        raise SearchTooBroad(
            f"This search found nothing more within {SEARCH_SECONDS:g} seconds and was stopped. "
            "Narrow it down by batch, rule or column."
        ) from error


def is_replayed() -> sa.ColumnElement[bool]:
    done = sa.select(ReplayRow.id).where(
        ReplayRow.batch_id == RejectRow.batch_id, ReplayRow.row == RejectRow.row, ReplayRow.stored
    )
    return done.exists()


def matching(wanted: RejectFilter) -> list[sa.ColumnElement[bool]]:
    """Conditions on `RejectRow`."""
    conditions: list[sa.ColumnElement[bool]] = []
    failure = {name: value for name, value in (("rule", wanted.rule), ("column", wanted.column)) if value is not None}
    if failure:
        conditions.append(RejectRow.failures.op("@>")(sa.cast([failure], JSONB)))
    if wanted.q:
        conditions.append(_holds(wanted.q))
    if wanted.state != "all":
        conditions.append(is_replayed() if wanted.state == "replayed" else ~is_replayed())
    return conditions


def _holds(text: str) -> sa.ColumnElement[bool]:
    """The record and, where it says more than the record, what was found wrong with it."""
    one = sa.func.jsonb_array_elements(RejectRow.failures).table_valued(sa.column("value", JSONB), name="one")
    said = [one.c.value[name].astext.icontains(text, autoescape=True) for name in ("value", "message")]
    in_failures = sa.select(sa.literal(1)).select_from(one).where(sa.or_(*said)).exists()
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    perhaps = sa.cast(RejectRow.failures, sa.Text).icontains(escaped, autoescape=True)  # cheap, and never too few
    return sa.or_(RejectRow.raw.icontains(text, autoescape=True), sa.and_(perhaps, in_failures))


def reject_of(db: Session, actor: Actor, reject_id: str) -> tuple[Reject, BatchRow]:
    """`reject_id` is `batch.row`, as everywhere."""
    batch_id, row = parts_of(reject_id)
    batch = access_batch(db, actor, batch_id)
    found = db.execute(_select(batch_id, row - 1, [RejectRow.row == row])).one_or_none()
    if found is None:
        raise RejectNotFound(f"There is no rejected row {reject_id}, or its batch was undone.")
    return _shown(*found, batch.file_name), batch


def parts_of(reject_id: str) -> tuple[int, int]:
    batch, _, row = reject_id.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (batch, row)):
        raise RejectNotFound(f"{reject_id[:40]!r} is not the id of a row. It is the batch and the row, such as 12.345.")
    return int(batch), int(row)


def _shown(row: RejectRow, is_stored: bool, file_name: str) -> Reject:
    values: dict[str, Any] = {name: getattr(row, name) for name in ("batch_id", "row", "line", "raw", "failures")}
    state = "replayed" if is_stored else "open"
    return Reject.model_validate({**values, "file_name": file_name, "state": state})
