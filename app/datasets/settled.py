"""While a changed schema is laid over a dataset, nothing else may change it."""

from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM
from app.core.after_commit import delete_after_commit
from app.core.db import raw
from app.core.errors import Conflict, NotFound
from app.datasets import stage
from app.datasets.tables import DatasetRow
from app.datasets.versions.tables import RevalidatedBatchRow, RevalidationRow
from app.jobs import service as jobs

SUFFIX = "_new"


class BeingRevalidated(Conflict):
    """A changed schema is being laid over this dataset. Try again when that is done."""


def require_settled(db: Session, dataset: DatasetRow) -> None:
    """Call it with the dataset locked. What was left behind by a run that ended badly is cleaned up here."""
    row = db.get(RevalidationRow, dataset.id)
    if row is None:
        return
    if row.run_id is not None and not _has_ended(db, row.run_id):
        raise BeingRevalidated(
            f"All rows of {dataset.name} are being checked again under a changed schema. "
            "Try again when that is done, or cancel that job."
        )
    give_up(db, dataset.id)


def _has_ended(db: Session, run_id: UUID) -> bool:
    try:
        return jobs.run(db, SYSTEM, run_id).status.is_final
    except NotFound:
        return True


def give_up(db: Session, dataset_id: UUID) -> None:
    """The old state stays; what was staged goes."""
    done = db.scalars(sa.select(RevalidatedBatchRow).where(RevalidatedBatchRow.dataset_id == dataset_id)).all()
    keys = [str(key) for batch in done for _block, key, _rows, _size in batch.files]
    drop_new_tables(db, dataset_id, [batch.batch_id for batch in done])
    db.execute(sa.delete(RevalidationRow).where(RevalidationRow.dataset_id == dataset_id))
    delete_after_commit(db, keys)


def drop_new_tables(db: Session, dataset_id: UUID, batch_ids: list[int]) -> None:
    connection = raw(db)
    for batch_id in batch_ids:
        stage.drop_staged(connection, dataset_id, batch_id, SUFFIX)
    for suffix in (SUFFIX, f"_rejects{SUFFIX}"):
        connection.execute(sql.SQL("drop table if exists {}").format(stage.table_of(dataset_id, suffix)))
