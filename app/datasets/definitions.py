"""Datasets themselves: made, changed, deleted."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.db import raw
from app.core.errors import Conflict
from app.datasets import publish, stage
from app.datasets.access import access_dataset, definition_of, require_owner
from app.datasets.allowed import check_allowed
from app.datasets.queries import dataset_of
from app.datasets.references import check_references
from app.datasets.schemas import Dataset, DatasetChange, DatasetCreate, DatasetSchema
from app.datasets.settled import require_settled
from app.datasets.tables import BatchRow, DatasetRow
from app.datasets.versions.differences import reach
from app.datasets.versions.keep import keep_version
from app.datasets.versions.request import check_renamed, request_revalidation
from app.sharing import service as sharing
from app.sharing.schemas import Kind


class DatasetExists(Conflict):
    """There is a dataset of this name already."""


class DatasetChanged(Conflict):
    """Somebody else changed this dataset in the meantime. Reload and try again."""


class DatasetHoldsRows(Conflict):
    """The stored rows do not fit this change. Apply it to everything."""


def create_dataset(db: Session, actor: Actor, new: DatasetCreate) -> Dataset:
    require_role(actor, Role.author)
    check_references(db, actor, new.name, new.definition)
    check_allowed(new.definition)
    now = clock.now()
    row = db.scalar(
        insert(DatasetRow)
        .values(
            name=new.name,
            description=new.description,
            owner_id=actor.id,
            created_at=now,
            changed_at=now,
            **_stored(new.definition),
        )
        .on_conflict_do_nothing(index_elements=[DatasetRow.name])
        .returning(DatasetRow)
    )
    if row is None:
        raise DatasetExists(
            f"There is a dataset {new.name} already. Take another name, or load into it if you may see it."
        )
    stage.create_table(raw(db), row.id, new.definition)
    keep_version(db, row, actor.id, applied=True)
    sharing.share_new(db, actor, Kind.dataset, row.id, share_with=new.share_with)
    audit.record(db, actor, Action.dataset_created, row.id, name=row.name, columns=len(new.definition.columns))
    return dataset_of(db, actor, row)


def change_dataset(db: Session, actor: Actor, name: str, change: DatasetChange) -> Dataset:
    """Rules may change at any time and then hold for files that come later. What the stored rows do not fit, and what
    shall hold for them too, is laid over them by a job."""
    row = access_dataset(db, actor, name, write=True, lock=True)
    if change.version is not None and change.version != row.version:
        raise DatasetChanged
    require_settled(db, row)
    if change.description is not None:
        row.description = change.description
    old, new = definition_of(row), change.definition or definition_of(row)
    check_references(db, actor, row.name, new, old)
    check_allowed(new, old)
    check_renamed(old, new, change.renamed)
    if change.apply == "everything" and _batches_in_it(db, row):
        request_revalidation(db, actor, row, new, change)
        return dataset_of(db, actor, row)
    row.version += 1
    row.changed_at = clock.now()
    if new != old:
        _change_definition(db, actor, row, new, change)
    audit.record(db, actor, Action.dataset_changed, row.id, name=row.name, version=row.version)
    db.flush()
    return dataset_of(db, actor, row)


def _change_definition(db: Session, actor: Actor, row: DatasetRow, new: DatasetSchema, change: DatasetChange) -> None:
    holds_rows = _batches_in_it(db, row)
    if reach(definition_of(row), new, change.renamed) == "shape":
        if holds_rows:
            raise DatasetHoldsRows(
                f"{row.name} holds rows or loads some, and they do not fit columns, types, decimals, key or mode that "
                'changed. Apply the change to everything (apply: "everything"): then all rows are read again from '
                "their raw bytes."
            )
        stage.drop_table(raw(db), row.id, [])
        stage.create_table(raw(db), row.id, new)
    for field, value in _stored(new).items():
        setattr(row, field, value)
    keep_version(db, row, actor.id, applied=not holds_rows, note=change.note, renamed=change.renamed)


def _batches_in_it(db: Session, row: DatasetRow) -> bool:
    alive = BatchRow.status.in_(("loading", "held", "published"))
    return db.scalar(sa.select(sa.exists().where(BatchRow.dataset_id == row.id, alive))) or False


def _stored(schema: DatasetSchema) -> dict[str, Any]:
    return schema.model_dump(mode="json", exclude_defaults=False)


def delete_dataset(db: Session, actor: Actor, name: str) -> None:
    """Rows, rejects, evidence and files, for good."""
    batches_in_it = sa.select(BatchRow).where(BatchRow.dataset_id == access_dataset(db, actor, name).id)
    locked = batches_in_it.order_by(BatchRow.id).with_for_update().execution_options(populate_existing=True)
    db.scalars(locked).all()  # before the dataset, as whoever publishes, mends or undoes one of them takes the locks
    row = access_dataset(db, actor, name, lock=True)
    db.refresh(row)
    require_role(actor, Role.author)
    require_owner(actor, row)
    require_settled(db, row)
    batches = list(db.scalars(locked))  # with those that came in between
    for batch in batches:
        publish.erase_evidence(db, batch)
        publish.forget_upload(db, batch)
        publish.forget_original(db, batch)
    stage.drop_table(raw(db), row.id, [batch.id for batch in batches])
    audit.record(db, actor, Action.dataset_deleted, row.id, name=row.name, rows=row.row_count)
    db.flush()
    sharing.forget(db, Kind.dataset, row.id)
    db.execute(sa.delete(DatasetRow).where(DatasetRow.id == row.id))
