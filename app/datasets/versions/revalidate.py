"""The body of the job: every batch read again under the changed schema, beside what is there, then put in its place."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from app.core import clock, storage
from app.core.db import raw
from app.core.errors import AppError, Conflict
from app.datasets import publish, stage
from app.datasets.known_keys import Keys, known_keys
from app.datasets.load import REJECT_COLUMNS, Prepared, copy_in
from app.datasets.prepare import encode_block
from app.datasets.schemas import DatasetSchema, Dialect
from app.datasets.settled import SUFFIX, drop_new_tables, give_up
from app.datasets.streams.files import adopt, new_file
from app.datasets.tables import BatchRow
from app.datasets.versions.read_again import Again, read_again
from app.datasets.versions.rematch import rematch
from app.datasets.versions.request import batches_of
from app.datasets.versions.swap import rejects_table, swap
from app.datasets.versions.tables import RevalidatedBatchRow, RevalidationRow
from app.jobs.context import JobContext

PATIENCE = timedelta(minutes=2)


class ChangeGivenUp(Conflict):
    """This change was given up, because its job had ended. Make the change again."""


class TryLater(Exception):
    """No AppError, so that the run is tried again: all is staged, only the exchange must wait for a reader."""


@dataclass(frozen=True)
class Work:
    dataset_id: UUID
    run_id: UUID
    schema: DatasetSchema
    renamed: dict[str, str]
    keys: dict[str, Keys]


def revalidate(ctx: JobContext) -> dict[str, Any]:
    """May run again at any point: batches that are done stay done, and until the exchange nobody sees any of it."""
    dataset_id = UUID(ctx.args["dataset_id"])
    try:
        work, todo = _begin(ctx, dataset_id)
        total = sum(batch.rows_in for batch in todo) or 1
        before = 0
        for batch in todo:
            _stage(ctx, work, batch, (before, total))
            before += batch.rows_in
        return _exchange(ctx, work)
    except AppError:
        refuse_change(ctx)
        raise


def refuse_change(ctx: JobContext) -> None:
    """The old state stays."""
    with ctx.transaction() as db:
        row = db.get(RevalidationRow, UUID(ctx.args["dataset_id"]), with_for_update=True)
        if row is not None and row.run_id == ctx.run_id:
            give_up(db, row.dataset_id)


def _current(db: Session, dataset_id: UUID, run_id: UUID) -> RevalidationRow:
    row = db.get(RevalidationRow, dataset_id, with_for_update=True, populate_existing=True)
    if row is None or row.run_id != run_id:
        raise ChangeGivenUp
    return row


def _begin(ctx: JobContext, dataset_id: UUID) -> tuple[Work, list[BatchRow]]:
    """What is to be done, and the batches that are left, in the order in which they were published."""
    with ctx.transaction() as db:
        row = _current(db, dataset_id, ctx.run_id)
        schema = DatasetSchema.model_validate(row.definition)
        work = Work(dataset_id, ctx.run_id, schema, row.renamed, known_keys(db, schema))
        done = db.scalars(
            sa.select(RevalidatedBatchRow.batch_id).where(RevalidatedBatchRow.dataset_id == dataset_id)
        ).all()
        batches = batches_of(db, dataset_id)
        if not done:
            _make_room(db, work, [batch.id for batch in batches])
        db.expunge_all()
    return work, [batch for batch in batches if batch.id not in done]


def _make_room(db: Session, work: Work, batch_ids: list[int]) -> None:
    drop_new_tables(db, work.dataset_id, batch_ids)
    stage.create_table(raw(db), work.dataset_id, work.schema, SUFFIX)
    raw(db).execute(sql.SQL("create table {} (like rejects)").format(rejects_table(work.dataset_id)))


def _stage(ctx: JobContext, work: Work, batch: BatchRow, progress: tuple[int, int]) -> None:
    """One transaction a batch: what is killed in the middle of it was never there."""
    with ctx.transaction() as db:
        _current(db, work.dataset_id, work.run_id)
        db.execute(sa.text(f"set local statement_timeout = '{publish.MINUTES}'"))
        connection = raw(db)
        stage.drop_staged(connection, work.dataset_id, batch.id, SUFFIX)
        stage.create_staged(connection, work.dataset_id, batch.id, SUFFIX)
        dialect = rematch(work.schema, Dialect.model_validate(batch.dialect), work.renamed)
        done = RevalidatedBatchRow(dataset_id=work.dataset_id, batch_id=batch.id, dialect=dialect.model_dump())
        done.rows_valid = done.rows_rejected = done.failures = 0
        reasons: Counter[tuple[str, str]] = Counter()
        files: list[list[Any]] = []
        again = Again(
            batch.id, work.schema, publish.schema_of(batch), dialect, batch.created_at, work.keys, work.renamed
        )
        for block, parsed, checked in read_again(db, again):
            prepared = encode_block(block, parsed, checked, batch.id)
            files += _store(db, work, batch.id, prepared)
            reasons.update({(column, rule): rows for column, rule, rows in prepared.reasons})
            done.rows_valid += prepared.stored
            done.rows_rejected += prepared.rejected
            done.failures += prepared.failures
            rows = done.rows_valid + done.rows_rejected
            ctx.step(f"{batch.file_name}: {rows:,} rows", progress=(progress[0] + rows) / progress[1] * 0.98)
        done.files, done.reasons = files, [[*reason, rows] for reason, rows in reasons.items()]
        db.add(done)
        _arrange(db, work, batch)


def _store(db: Session, work: Work, batch_id: int, block: Prepared) -> list[list[Any]]:
    """Returns the entry of its file for the catalogue."""
    connection = raw(db)
    if block.rejected:
        columns = sql.SQL(", ").join(map(sql.Identifier, REJECT_COLUMNS))
        statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(rejects_table(work.dataset_id), columns)
        copy_in(connection, statement, block.rejects)
    if not block.parquet:
        return []
    staged = stage.staged_table(work.dataset_id, batch_id, SUFFIX)
    copy_in(connection, sql.SQL("copy {} from stdin (format binary)").format(staged), block.valid)
    key = new_file(work.dataset_id, batch_id)
    storage.write(key, block.parquet)
    adopt(db, key)
    return [[block.at.block, key, block.stored, len(block.parquet)]]


def _arrange(db: Session, work: Work, batch: BatchRow) -> None:
    """As publishing does it: what is live hangs on the new parent, what is held or replaced lies beside it."""
    if batch.status != "published" or batch.replaced_by is not None:
        return
    if work.schema.mode == "upsert":
        stage.merge(raw(db), work.dataset_id, batch.id, work.schema, SUFFIX)
    else:
        stage.attach(raw(db), work.dataset_id, batch.id, SUFFIX)


def _exchange(ctx: JobContext, work: Work) -> dict[str, Any]:
    """A reader that holds the tables is waited for a little, again and again, so that others are not held up long."""
    give_up_at = clock.now() + PATIENCE
    while True:
        try:
            with ctx.transaction() as db:
                return swap(db, ctx.actor, _current(db, work.dataset_id, work.run_id))
        except publish.DatasetBusy as error:
            if clock.now() >= give_up_at:
                raise TryLater from error
            ctx.step("Waiting for somebody who reads the rows", progress=0.98)
