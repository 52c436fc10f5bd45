"""The only ways to the row of a dataset and of a batch."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import Forbidden, NotFound
from app.datasets.schemas import DatasetSchema
from app.datasets.tables import BatchRow, DatasetRow


class DatasetNotFound(NotFound):
    """There is no such dataset, or you may not see it."""


class BatchNotFound(NotFound):
    """There is no such batch, or you may not see it."""


def access_dataset(
    db: Session, actor: Actor, name: str | UUID, *, write: bool = False, lock: bool = False
) -> DatasetRow:
    """`write` is about the dataset itself (its schema); putting files in is `access_inbox`."""
    require_role(actor, Role.author if write else Role.viewer)
    found = DatasetRow.id == name if isinstance(name, UUID) else DatasetRow.name == name
    query = sa.select(DatasetRow).where(found)
    row = db.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise DatasetNotFound(f"There is no dataset {name}, or you may not see it.")
    return row


def access_inbox(db: Session, actor: Actor, name: str | UUID) -> DatasetRow:
    """For a file on its way in: members may load, and the schema cannot change until this transaction is over."""
    require_role(actor, Role.member)
    row = access_dataset(db, actor, name)
    db.refresh(row, with_for_update={"read": True, "key_share": True})
    return row


def access_batch(db: Session, actor: Actor, batch_id: int, *, write: bool = False) -> BatchRow:
    """Whoever loaded a batch may decide about it, and so may the dataset's owner and administrators."""
    require_role(actor, Role.member if write else Role.viewer)
    row = db.get(BatchRow, batch_id, with_for_update=write or None)
    if row is None:
        raise BatchNotFound(f"There is no batch {batch_id}, or you may not see it.")
    if write and actor.role is not Role.admin:
        owner = db.scalars(sa.select(DatasetRow.owner_id).where(DatasetRow.id == row.dataset_id)).one()
        if actor.id not in (row.created_by, owner):
            raise Forbidden("Only the person who loaded this batch, the owner of the dataset or an administrator may.")
    return row


def require_owner(actor: Actor, row: DatasetRow) -> None:
    if actor.role is not Role.admin and (actor.id is None or actor.id != row.owner_id):
        raise Forbidden(f"Only the owner of {row.name} or an administrator may delete it.")


def definition_of(row: DatasetRow) -> DatasetSchema:
    return DatasetSchema.model_validate(
        {
            "columns": row.columns,
            "rules": row.rules,
            "key": row.key,
            "mode": row.mode,
            "max_reject_share": row.max_reject_share,
        }
    )
