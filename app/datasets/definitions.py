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
from app.datasets.queries import dataset_of
from app.datasets.references import check_references
from app.datasets.schemas import Column, Dataset, DatasetChange, DatasetCreate, DatasetSchema
from app.datasets.tables import BatchRow, DatasetRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind

# What changes where or how values are stored, not only which rows are let in.
SHAPE = ("name", "type", "decimals")


class DatasetExists(Conflict):
    """There is a dataset of this name already."""


class DatasetChanged(Conflict):
    """Somebody else changed this dataset in the meantime. Reload and try again."""


class DatasetHoldsRows(Conflict):
    """The shape of a dataset that holds rows cannot change."""


def create_dataset(db: Session, actor: Actor, new: DatasetCreate) -> Dataset:
    require_role(actor, Role.author)
    check_references(db, actor, new.name, new.definition)
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
    sharing.share_new(db, actor, Kind.dataset, row.id, share_with=new.share_with)
    audit.record(db, actor, Action.dataset_created, row.id, name=row.name, columns=len(new.definition.columns))
    return dataset_of(db, actor, row)


def change_dataset(db: Session, actor: Actor, name: str, change: DatasetChange) -> Dataset:
    """Rules may change at any time and hold for files that come later; the shape only while there are no rows."""
    row = access_dataset(db, actor, name, write=True, lock=True)
    if change.version is not None and change.version != row.version:
        raise DatasetChanged
    if change.description is not None:
        row.description = change.description
    if change.definition is not None and change.definition != definition_of(row):
        _change_definition(db, row, change.definition)
    row.version += 1
    row.changed_at = clock.now()
    audit.record(db, actor, Action.dataset_changed, row.id, name=row.name, version=row.version)
    db.flush()
    return dataset_of(db, actor, row)


def _change_definition(db: Session, row: DatasetRow, new: DatasetSchema) -> None:
    if _shape(definition_of(row)) != _shape(new):
        if _batches_in_it(db, row):
            raise DatasetHoldsRows(
                f"{row.name} holds rows or loads some, so names, types, decimals, key and mode stay as they are. "
                "Undo its batches first, or make a new dataset. Rules may change at any time."
            )
        stage.drop_table(raw(db), row.id, [])
        stage.create_table(raw(db), row.id, new)
    for field, value in _stored(new).items():
        setattr(row, field, value)


def _shape(schema: DatasetSchema) -> tuple[Any, ...]:
    return schema.mode, schema.key, [_column_shape(column) for column in schema.columns]


def _column_shape(column: Column) -> tuple[Any, ...]:
    return tuple(getattr(column, name) for name in SHAPE)


def _batches_in_it(db: Session, row: DatasetRow) -> bool:
    alive = BatchRow.status.in_(("loading", "held", "published"))
    return db.scalar(sa.select(sa.exists().where(BatchRow.dataset_id == row.id, alive))) or False


def _stored(schema: DatasetSchema) -> dict[str, Any]:
    return schema.model_dump(mode="json", exclude_defaults=False)


def delete_dataset(db: Session, actor: Actor, name: str) -> None:
    """Rows, rejects, evidence and files, for good."""
    row = access_dataset(db, actor, name, lock=True)
    require_role(actor, Role.author)
    require_owner(actor, row)
    batches = list(db.scalars(sa.select(BatchRow).where(BatchRow.dataset_id == row.id).with_for_update()))
    for batch in batches:
        publish.erase_evidence(db, batch)
        publish.forget_upload(db, batch)
        publish.forget_original(db, batch)
    stage.drop_table(raw(db), row.id, [batch.id for batch in batches])
    audit.record(db, actor, Action.dataset_deleted, row.id, name=row.name, rows=row.row_count)
    db.flush()
    sharing.forget(db, Kind.dataset, row.id)
    db.execute(sa.delete(DatasetRow).where(DatasetRow.id == row.id))
