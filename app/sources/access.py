"""The only way to the row of a source: it is seen and changed by who sees and changes the dataset that it fills."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import NotFound
from app.datasets import service as datasets
from app.sources.tables import SourceRow


class SourceNotFound(NotFound):
    """There is no such source, or you may not see it."""


def access_source(
    db: Session, actor: Actor, source_id: UUID, *, write: bool = False, lock: bool | None = None
) -> tuple[SourceRow, str]:
    """The row and the name of its dataset. To change one takes an author who may change the dataset.

    A row to be written to is locked, unless it is only to be looked at for longer.
    """
    query = sa.select(SourceRow).where(SourceRow.id == source_id)
    locked = write if lock is None else lock
    row = db.scalar(query.with_for_update() if locked else query, execution_options={"populate_existing": True})
    if row is None:
        raise SourceNotFound
    try:
        return row, datasets.access_dataset(db, actor, row.dataset_id, write=write).name
    except NotFound as error:
        raise SourceNotFound from error
