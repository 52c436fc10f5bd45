"""The only ways to the row of a dataset and of a batch."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import Forbidden, NotFound
from app.datasets.schemas import DatasetSchema
from app.datasets.settled import require_settled
from app.datasets.tables import BatchRow, DatasetRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind


class DatasetNotFound(NotFound):
    """There is no such dataset, or you may not see it."""


class BatchNotFound(NotFound):
    """There is no such batch, or you may not see it."""


def access_dataset(
    db: Session, actor: Actor, name: str | UUID, *, write: bool = False, lock: bool = False
) -> DatasetRow:
    """`write` is about the dataset itself (its schema); putting files in is `access_inbox`."""
    require_role(actor, Role.author if write else Role.viewer)
    return _dataset(db, actor, name, edit=write, lock=lock)


def access_inbox(db: Session, actor: Actor, name: str | UUID) -> DatasetRow:
    """For a file on its way in: members may load, and the schema cannot change until this transaction is over."""
    require_role(actor, Role.member)
    row = _dataset(db, actor, name, edit=True)
    db.refresh(row, with_for_update={"read": True, "key_share": True})
    require_settled(db, row)
    return row


def access_batch(db: Session, actor: Actor, batch_id: int, *, write: bool = False) -> BatchRow:
    """A batch is seen by who sees its dataset. Whoever loaded it may decide about it while they may load into that
    dataset, and so may the dataset's owner and administrators."""
    require_role(actor, Role.member if write else Role.viewer)
    query = sa.select(BatchRow, DatasetRow.owner_id, level_on_dataset(actor))
    query = query.join(DatasetRow, DatasetRow.id == BatchRow.dataset_id).where(BatchRow.id == batch_id)
    query = query.with_for_update(of=BatchRow).execution_options(populate_existing=True) if write else query
    row, owner, level = db.execute(query).tuples().one_or_none() or (None, None, None)
    if row is None or level is None:
        raise BatchNotFound(f"There is no batch {batch_id}, or you may not see it.")
    if write:
        sharing.require_level(level, Kind.dataset, edit=True)
        if actor.role is not Role.admin and actor.id not in (row.created_by, owner):
            raise Forbidden("Only the person who loaded this batch, the owner of the dataset or an administrator may.")
    return row


def visible_datasets(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.dataset, DatasetRow.id, DatasetRow.owner_id)


def visible_names(actor: Actor) -> "sa.Select[UUID, str]":
    """Id and name of each dataset that this person sees, for lists of what belongs to datasets."""
    return sa.select(DatasetRow.id, DatasetRow.name).where(visible_datasets(actor))


def level_on_dataset(actor: Actor) -> sa.ColumnElement[str | None]:
    return sharing.level_column(actor, Kind.dataset, DatasetRow.id, DatasetRow.owner_id)


def _dataset(db: Session, actor: Actor, name: str | UUID, *, edit: bool, lock: bool = False) -> DatasetRow:
    found = DatasetRow.id == name if isinstance(name, UUID) else DatasetRow.name == name
    query = sa.select(DatasetRow, level_on_dataset(actor)).where(found)
    query = query.with_for_update(of=DatasetRow) if lock else query
    row, level = db.execute(query).tuples().one_or_none() or (None, None)
    missing = DatasetNotFound(f"There is no dataset {name}, or you may not see it.")
    sharing.require_level(level, Kind.dataset, edit=edit, missing=missing)
    assert row
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


def access_repair(db: Session, actor: Actor, batch_id: int) -> tuple[BatchRow, DatasetRow]:
    """Who may load into a dataset may mend what was rejected there, whoever loaded it."""
    require_role(actor, Role.member)
    row = access_batch(db, actor, batch_id)
    return row, _dataset(db, actor, row.dataset_id, edit=True)
