"""A load whose job ended without a result: its batch has failed, but may go on from where it was for about a day.

Until then its file, checkpoint and staged rows are kept, seen by nobody; starting the job again or sending the same
file goes on with them, undoing or the daily sweep throws them away.
"""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import unless_taken
from app.core.errors import Conflict
from app.datasets import publish
from app.datasets.tables import LIVE, BatchRow, DatasetRow

WAY_OUT = "Start its job again, send the file again, or undo it."
KEYS = (BatchRow.upload_key, BatchRow.original_key, BatchRow.work_key)


class GivenUp(Conflict):
    """Nothing is left of this load that could go on. Send the file again."""


class Undone(Conflict):
    """This load was undone, so there is nothing to go on with. Send the file again."""


class LoadedSince(Conflict):
    """The same file is loaded by another batch by now."""


def stop_loading(db: Session, batch_id: int, run_id: UUID, reason: str) -> None:
    """Unless another run has taken it over."""
    batch = db.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    if batch is not None and batch.status == "loading" and batch.run_id == run_id:
        batch.status, batch.error = "failed", f"{reason} {WAY_OUT}"


def refuse_undone(db: Session, batch_id: int) -> None:
    batch = db.get(BatchRow, batch_id)
    if batch is not None and batch.status == "undone":
        raise Undone(
            f"Batch {batch.id} ({batch.file_name}) was undone, and nothing of it is kept. Send the file again."
        )


def go_on(db: Session, batch: BatchRow, run_id: UUID | None) -> None:
    """The batch is locked. Raises GivenUp, LoadedSince."""
    if not batch.may_go_on:
        raise GivenUp(batch.error)
    dataset = db.get_one(DatasetRow, batch.dataset_id)
    if dataset.version != batch.schema_version:
        raise GivenUp(f"The schema of {dataset.name} was changed since this load stopped. Send the file again.")
    with unless_taken(db, LoadedSince()):
        batch.status, batch.error, batch.run_id = "loading", None, run_id


def stopped_before(db: Session, dataset: DatasetRow, sha256: str, part: str) -> BatchRow | None:
    """The load of these bytes that stopped, unless another one has taken its place. It is loading again."""
    same = sa.and_(BatchRow.dataset_id == dataset.id, BatchRow.sha256 == sha256, BatchRow.part == part)
    stopped = sa.and_(BatchRow.status == "failed", sa.or_(*(key.is_not(None) for key in KEYS)))
    if db.scalar(sa.select(sa.exists().where(same, sa.text(LIVE)))):
        return None
    found = sa.select(BatchRow).where(same, stopped, BatchRow.schema_version == dataset.version)
    batch = db.scalar(found.order_by(BatchRow.id.desc()).limit(1).with_for_update())
    if batch is not None:
        go_on(db, batch, batch.run_id)
    return batch


def give_up(db: Session, keys: Collection[str]) -> None:
    """Of these files nobody started a load again: what else it left goes with them."""
    named = sa.or_(*(key.in_(keys) for key in KEYS))
    stopped = sa.select(BatchRow).where(BatchRow.status == "failed", named)
    for batch in db.scalars(stopped.with_for_update(skip_locked=True)).all():
        publish.fail(db, batch, (batch.error or "").replace(WAY_OUT, "Send the file again."))
    db.flush()
