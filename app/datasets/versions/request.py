"""Somebody wants a changed schema for all that is stored: whether that can be done now, and the job that does it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.datasets.schemas import DatasetChange, DatasetSchema
from app.datasets.tables import BatchRow, DatasetRow
from app.datasets.versions.tables import RevalidationRow
from app.jobs import service as jobs

ALIVE = ("held", "published")


class FilesLoading(Conflict):
    """Files are being loaded into this dataset. Try again when they are done, or undo them."""


class FilesReplaced(Conflict):
    """Replaced files have no place in a dataset whose rows are replaced one by one."""


class BadRename(Invalid):
    """A column is renamed from a name that is not there, or to one that is not."""


def batches_of(db: Session, dataset_id: UUID) -> list[BatchRow]:
    """All that have rows somewhere, in the order in which they were published."""
    query = sa.select(BatchRow).where(BatchRow.dataset_id == dataset_id, BatchRow.status.in_(ALIVE))
    return list(db.scalars(query.order_by(BatchRow.published_at.nulls_last(), BatchRow.id)))


def check_renamed(old: DatasetSchema, new: DatasetSchema, renamed: dict[str, str]) -> None:
    """Raises BadRename."""
    before, after = ({column.name for column in schema.columns} for schema in (old, new))
    for was, now in renamed.items():
        if was not in before:
            raise BadRename(f"There is no column {was!r} that could be renamed to {now!r}.")
        if now not in after:
            raise BadRename(f"Column {was!r} is renamed to {now!r}, which is not among the columns of the new schema.")
    if len(set(renamed.values())) < len(renamed):
        raise BadRename("Two columns are renamed to the same name.")


def request_revalidation(db: Session, actor: Actor, row: DatasetRow, new: DatasetSchema, change: DatasetChange) -> None:
    """The dataset is locked and settled. Raises FilesLoading, FilesReplaced."""
    loading = db.scalar(sa.select(sa.exists().where(BatchRow.dataset_id == row.id, BatchRow.status == "loading")))
    if loading:
        raise FilesLoading
    if new.mode == "upsert":
        _refuse_replaced(db, row)
    work = RevalidationRow(
        dataset_id=row.id,
        definition=new.model_dump(mode="json"),
        renamed={was: now for was, now in change.renamed.items() if was != now},
        note=change.note,
        requested_by=actor.id,
        requested_at=clock.now(),
    )
    db.add(work)
    title = f"Check all rows of {row.name} again"
    run = jobs.enqueue(db, actor, "datasets.revalidate", {"dataset_id": str(row.id)}, title=title)
    work.run_id = run.id
    audit.record(db, actor, Action.dataset_changed, row.id, name=row.name, version=row.version, job=str(run.id))
    db.flush()


def _refuse_replaced(db: Session, row: DatasetRow) -> None:
    replaced = [batch.id for batch in batches_of(db, row.id) if batch.replaced_by is not None]
    if replaced:
        raise FilesReplaced(
            f"{row.name} keeps the rows of replaced files (batch {', '.join(map(str, replaced[:10]))}), so that "
            "they can come back. Undo these before its mode becomes upsert."
        )
