"""A batch becomes visible, or goes away again, in one transaction. The dataset's row is the lock for all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.after_commit import delete_after_commit
from app.core.db import raw
from app.core.errors import Conflict, Unavailable
from app.datasets import stage
from app.datasets.schemas import DatasetSchema
from app.datasets.settled import require_settled
from app.datasets.streams.tables import StreamBlockRow
from app.datasets.tables import BatchRow, DataFileRow, DatasetRow, RawBlockRow, ReasonRow, RejectRow, ReplayRow

MINUTES = "10min"


class DatasetBusy(Unavailable):
    """Somebody reads this dataset right now. Try again in a moment."""


class NewerBatch(Conflict):
    """A newer batch has written over rows of this one."""


def lock_dataset(db: Session, dataset_id: UUID) -> DatasetRow:
    lock = sa.select(DatasetRow).where(DatasetRow.id == dataset_id).with_for_update(key_share=True)
    return db.scalars(lock).one()


def schema_of(batch: BatchRow) -> DatasetSchema:
    return DatasetSchema.model_validate(batch.definition)


def finish_batch(db: Session, actor: Actor, batch: BatchRow) -> None:
    """Published, or held for a decision when too much of it is bad."""
    share = batch.rows_rejected / batch.rows_in if batch.rows_in else 0.0
    if share > schema_of(batch).max_reject_share:
        batch.status = "held"
        forget_upload(db, batch)
    else:
        publish(db, actor, batch)


def publish(db: Session, actor: Actor, batch: BatchRow) -> None:
    dataset = lock_dataset(db, batch.dataset_id)
    require_settled(db, dataset)
    connection, schema = raw(db), schema_of(batch)
    with patiently(db):
        if schema.mode == "upsert":
            stage.merge(connection, dataset.id, batch.id, schema)
        else:
            stage.attach(connection, dataset.id, batch.id)
        if schema.mode == "replace":
            _put_aside(db, dataset, batch)
    batch.status, batch.published_at = "published", clock.now()
    forget_upload(db, batch)
    count_rows(db, dataset)
    audit.record(
        db,
        actor,
        Action.batch_published,
        batch.id,
        dataset=dataset.name,
        valid=batch.rows_valid,
        rejected=batch.rows_rejected,
    )


def _put_aside(db: Session, dataset: DatasetRow, batch: BatchRow) -> None:
    """The rows of the batches before stay detached, so that undoing this one brings them back."""
    for earlier in db.scalars(_live(dataset.id).where(BatchRow.id != batch.id)):
        stage.detach(raw(db), dataset.id, earlier.id)
        earlier.replaced_by = batch.id
    db.flush()


def _live(dataset_id: UUID) -> sa.Select[BatchRow]:
    return sa.select(BatchRow).where(
        BatchRow.dataset_id == dataset_id, BatchRow.status == "published", BatchRow.replaced_by.is_(None)
    )


def undo(db: Session, actor: Actor, batch: BatchRow) -> None:
    """Rows, rejects and evidence of this batch go; what it had replaced comes back."""
    dataset = lock_dataset(db, batch.dataset_id)
    require_settled(db, dataset)
    with patiently(db):
        if batch.status == "published":
            _withdraw(db, dataset, batch)
        stage.drop_staged(raw(db), dataset.id, batch.id)
        erase_evidence(db, batch)
    batch.status = "undone"
    forget_upload(db, batch)
    forget_original(db, batch)
    count_rows(db, dataset)
    audit.record(db, actor, Action.batch_undone, batch.id, dataset=dataset.name, rows=batch.rows_valid)


def _withdraw(db: Session, dataset: DatasetRow, batch: BatchRow) -> None:
    if schema_of(batch).mode == "upsert":
        _refuse_under_newer(db, batch)
        stage.unmerge(raw(db), dataset.id, batch.id)
        return
    if batch.replaced_by is None:
        stage.detach(raw(db), dataset.id, batch.id)
    for earlier in db.scalars(sa.select(BatchRow).where(BatchRow.replaced_by == batch.id)).all():
        earlier.replaced_by = batch.replaced_by
        if earlier.replaced_by is None and earlier.status == "published":
            stage.attach(raw(db), dataset.id, earlier.id)


def _refuse_under_newer(db: Session, batch: BatchRow) -> None:
    newer = db.scalars(
        _live(batch.dataset_id).where(BatchRow.published_at > batch.published_at).order_by(BatchRow.id)
    ).all()
    if newer:
        raise NewerBatch(
            f"Batch {newer[-1].id} ({newer[-1].file_name}) came later and may build on this one. Undo it first."
        )


def fail(db: Session, batch: BatchRow, reason: str) -> None:
    """A file that cannot be read to its end leaves nothing behind but its row in the list."""
    stage.drop_staged(raw(db), batch.dataset_id, batch.id)
    erase_evidence(db, batch)
    batch.status, batch.error = "failed", reason
    batch.rows_in = batch.rows_valid = batch.rows_rejected = batch.failures = 0
    forget_upload(db, batch)
    forget_original(db, batch)


def erase_evidence(db: Session, batch: BatchRow) -> None:
    keys = list(db.scalars(sa.select(DataFileRow.key).where(DataFileRow.batch_id == batch.id)))
    for table in (RawBlockRow, StreamBlockRow, RejectRow, ReplayRow, ReasonRow, DataFileRow):
        db.execute(sa.delete(table).where(table.batch_id == batch.id))
    delete_after_commit(db, keys)


def forget_upload(db: Session, batch: BatchRow) -> None:
    """The raw blocks hold every byte of it by now, or it is not wanted any more."""
    delete_after_commit(db, [key for key in (batch.upload_key, batch.work_key) if key])
    batch.upload_key = batch.work_key = None


def forget_original(db: Session, batch: BatchRow) -> None:
    """The bytes of a workbook or an archive: kept until the last batch that was made of them is gone."""
    key, batch.original_key = batch.original_key, None
    if key is None:
        return
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(key))))
    db.flush()
    if not db.scalar(sa.select(sa.exists().where(BatchRow.original_key == key))):
        delete_after_commit(db, [key])


def count_rows(db: Session, dataset: DatasetRow) -> None:
    db.flush()
    if dataset.mode == "upsert":
        dataset.row_count = stage.count_rows(raw(db), dataset.id)
        return
    rows = db.scalar(_live(dataset.id).with_only_columns(sa.func.sum(BatchRow.rows_valid)))
    dataset.row_count = int(rows or 0)


@contextmanager
def patiently(db: Session) -> Iterator[None]:
    """Merging a million rows takes longer than a click may. Waiting for readers does not."""
    db.execute(sa.text(f"set local statement_timeout = '{MINUTES}'"))
    db.flush()
    try:
        yield
    except Exception as error:
        if getattr(getattr(error, "orig", error), "sqlstate", None) == "55P03":
            raise DatasetBusy from error
        raise
