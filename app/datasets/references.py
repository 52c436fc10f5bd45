"""Columns that refer to another dataset: whether they may, asked when a schema is saved."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.datasets.access import access_dataset, definition_of
from app.datasets.columns import scale_of
from app.datasets.schemas import Column, DatasetSchema
from app.datasets.tables import DatasetRow


class BadReference(Invalid):
    """A column refers to something that it cannot refer to."""


class Target(NamedTuple):
    dataset_id: UUID
    column: Column


def check_references(
    db: Session, actor: Actor, name: str, schema: DatasetSchema, before: DatasetSchema | None = None
) -> None:
    """Raises BadReference. Only what is new is asked: who changes a pattern need not see what others refer to."""
    known = {(one.name, one.type, one.references) for one in before.columns} if before else set()
    for column in schema.columns:
        if column.references and (column.name, column.type, column.references) not in known:
            _check(db, actor, name, column)


def _check(db: Session, actor: Actor, name: str, column: Column) -> None:
    assert column.references is not None
    if column.references.dataset == name:
        raise BadReference(
            f"Column {column.name!r} refers to its own dataset. Rows are checked against those that were there before "
            "the file, so the first file could never be loaded. Refer to another dataset."
        )
    try:
        access_dataset(db, actor, column.references.dataset)
    except NotFound as error:
        raise BadReference(f"Column {column.name!r} refers to another dataset. {error.message}") from error
    target_of(db, column)


def target_of(db: Session, column: Column) -> Target:
    """Whoever asks. Raises BadReference when it is gone or has another type by now."""
    reference = column.references
    assert reference is not None
    row = db.scalars(sa.select(DatasetRow).where(DatasetRow.name == reference.dataset)).one_or_none()
    if row is None:
        raise BadReference(
            f"Column {column.name!r} refers to the dataset {reference.dataset}, which is not there any more. "
            "Change the reference in the rules of this dataset."
        )
    found = next((one for one in definition_of(row).columns if one.name == reference.column), None)
    if found is None:
        raise BadReference(
            f"Column {column.name!r} refers to the column {reference.column!r} of the dataset {reference.dataset}, "
            "which has no such column. Change the reference in the rules of this dataset."
        )
    if (found.type, scale_of(found)) != (column.type, scale_of(column)):
        raise BadReference(
            f"Column {column.name!r} is {_kind(column)}, but {reference.column!r} of the dataset {reference.dataset} "
            f"is {_kind(found)}. Give both the same type."
        )
    return Target(row.id, found)


def _kind(column: Column) -> str:
    return f"decimal with {scale_of(column)} decimals" if column.type == "decimal" else str(column.type)
