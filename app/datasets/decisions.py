"""What a person decides about a batch: let a held one in, take one back."""

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict
from app.datasets import publish
from app.datasets.access import access_batch
from app.datasets.queries import batch_of
from app.datasets.schemas import Batch


class NotHeld(Conflict):
    """Only a batch that is held can be released."""


class NothingToUndo(Conflict):
    """There is nothing left of this batch that could be undone."""


def release_batch(db: Session, actor: Actor, batch_id: int) -> Batch:
    """Publishes the good rows of a batch that was held for its bad ones."""
    row = access_batch(db, actor, batch_id, write=True)
    if row.status != "held":
        raise NotHeld(f"Batch {batch_id} is {row.status}, not held, so there is nothing to release.")
    publish.publish(db, actor, row)
    db.flush()
    return batch_of(db, row)


def undo_batch(db: Session, actor: Actor, batch_id: int) -> Batch:
    """Its rows, rejects and evidence go. Its line in the list stays."""
    row = access_batch(db, actor, batch_id, write=True)
    if row.status not in ("loading", "held", "published") and not row.may_go_on:
        raise NothingToUndo(f"Batch {batch_id} is {row.status}: there is nothing left to undo.")
    publish.undo(db, actor, row)
    db.flush()
    return batch_of(db, row)
