"""What was staged takes the place of what is there, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.after_commit import delete_after_commit
from app.core.db import raw
from app.datasets import publish, stage
from app.datasets.settled import SUFFIX
from app.datasets.stage import Connection
from app.datasets.tables import BatchRow, DataFileRow, DatasetRow, ReasonRow
from app.datasets.versions.keep import keep_version
from app.datasets.versions.request import batches_of
from app.datasets.versions.tables import RevalidatedBatchRow, RevalidationRow


def rejects_table(dataset_id: UUID) -> sql.Identifier:
    return stage.table_of(dataset_id, f"_rejects{SUFFIX}")


def swap(db: Session, actor: Actor, work: RevalidationRow) -> dict[str, int]:
    """Raises publish.DatasetBusy."""
    dataset = publish.lock_dataset(db, work.dataset_id)
    batches = batches_of(db, dataset.id)
    ids = [batch.id for batch in batches]
    figures = {"rows_before": dataset.row_count, "rejected_before": sum(one.rows_rejected for one in batches)}
    with publish.patiently(db):
        stage.drop_table(raw(db), dataset.id, ids)
        stage.take_place(raw(db), dataset.id, ids, SUFFIX)
        _move_rejects(raw(db), dataset.id, ids)
        _rename_mended(raw(db), ids, work.renamed)
    done = db.scalars(sa.select(RevalidatedBatchRow).where(RevalidatedBatchRow.dataset_id == dataset.id)).all()
    _catalogue(db, ids, done)
    for field, value in work.definition.items():
        setattr(dataset, field, value)
    dataset.version += 1
    dataset.changed_at = clock.now()
    _tell_batches(dataset, work, batches, {one.batch_id: one for one in done})
    publish.count_rows(db, dataset)
    figures |= {"rows_after": dataset.row_count, "rejected_after": sum(one.rows_rejected for one in batches)}
    keep_version(db, dataset, work.requested_by, applied=True, note=work.note, renamed=work.renamed, figures=figures)
    audit.record(
        db, actor, Action.dataset_revalidated, dataset.id, name=dataset.name, version=dataset.version, **figures
    )
    db.execute(sa.delete(RevalidationRow).where(RevalidationRow.dataset_id == dataset.id))
    return figures


def _move_rejects(connection: Connection, dataset_id: UUID, ids: list[int]) -> None:
    """What is mended and still good keeps its reject as it was; what is no longer good is open again."""
    staged = rejects_table(dataset_id)
    connection.execute(
        sql.SQL(
            "update replays set stored = false, failures = reject.failures from {} as reject"
            " where replays.batch_id = reject.batch_id and replays.row = reject.row and replays.stored"
        ).format(staged)
    )
    connection.execute(
        "delete from rejects where batch_id = any(%s) and not exists (select from replays"
        " where replays.batch_id = rejects.batch_id and replays.row = rejects.row and replays.stored)",
        [ids],
    )
    connection.execute(sql.SQL("insert into rejects select * from {}").format(staged))
    connection.execute(sql.SQL("drop table {}").format(staged))


def _rename_mended(connection: Connection, ids: list[int], renamed: dict[str, str]) -> None:
    if renamed:
        connection.execute(
            'update replays set "values" = (select jsonb_object_agg(coalesce(%s::jsonb ->> name, name), text)'
            ' from jsonb_each("values") as each(name, text)) where batch_id = any(%s) and "values" <> \'{}\'',
            [Jsonb(renamed), ids],
        )


def _catalogue(db: Session, ids: list[int], done: Sequence[RevalidatedBatchRow]) -> None:
    old = list(db.scalars(sa.select(DataFileRow.key).where(DataFileRow.batch_id.in_(ids))))
    for table in (DataFileRow, ReasonRow):
        db.execute(sa.delete(table).where(table.batch_id.in_(ids)))
    with raw(db).cursor() as cursor:
        cursor.executemany(
            "insert into data_files (batch_id, block, key, rows, size) values (%s, %s, %s, %s, %s)",
            [(one.batch_id, *file) for one in done for file in one.files],
        )
        cursor.executemany(
            'insert into reject_reasons (batch_id, "column", rule, rows) values (%s, %s, %s, %s)',
            [(one.batch_id, *reason) for one in done for reason in one.reasons],
        )
    delete_after_commit(db, old)


def _tell_batches(
    dataset: DatasetRow, work: RevalidationRow, batches: list[BatchRow], done: dict[int, RevalidatedBatchRow]
) -> None:
    for batch in batches:
        new = done[batch.id]
        batch.rows_valid, batch.rows_rejected, batch.failures = new.rows_valid, new.rows_rejected, new.failures
        batch.dialect, batch.definition, batch.schema_version = new.dialect, work.definition, dataset.version
