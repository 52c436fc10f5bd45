"""Every definition is kept, with who made it, when, and what it changed."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.errors import NotFound
from app.core.paging import Page, fetch_page
from app.datasets.access import access_dataset, definition_of
from app.datasets.rules import DatasetSchema
from app.datasets.schemas import DatasetVersion
from app.datasets.tables import DatasetRow
from app.datasets.versions.differences import differences
from app.datasets.versions.tables import DatasetVersionRow, RevalidationRow
from app.jobs import service as jobs
from app.jobs.schemas import Run


def keep_version(
    db: Session,
    row: DatasetRow,
    changed_by: UUID | None,
    *,
    applied: bool,
    note: str = "",
    renamed: dict[str, str] | None = None,
    figures: dict[str, int] | None = None,
) -> None:
    """The definition that the dataset has now."""
    now = clock.now()
    db.add(
        DatasetVersionRow(
            dataset_id=row.id,
            version=row.version,
            definition=definition_of(row).model_dump(mode="json"),
            renamed=renamed or {},
            changed_by=changed_by,
            changed_at=now,
            applied_at=now if applied else None,
            note=note,
            figures=figures,
        )
    )


def versions(
    db: Session, actor: Actor, name: str, *, limit: int = 50, cursor: str | None = None
) -> Page[DatasetVersion]:
    """Newest first."""
    row = access_dataset(db, actor, name)
    before = sa.func.lag(DatasetVersionRow.definition).over(order_by=DatasetVersionRow.version)
    query = sa.select(DatasetVersionRow, before).where(DatasetVersionRow.dataset_id == row.id)
    return fetch_page(db, query, _version, DatasetVersionRow.version, limit=limit, cursor=cursor, newest_first=True)


def _version(row: DatasetVersionRow, before: dict[str, object] | None) -> DatasetVersion:
    definition = DatasetSchema.model_validate(row.definition)
    old = DatasetSchema.model_validate(before) if before else None
    return DatasetVersion(
        version=row.version,
        definition=definition,
        changes=differences(old, definition, row.renamed) if old else [],
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        applied_at=row.applied_at,
        note=row.note,
        figures=row.figures,
    )


def change_in_progress(db: Session, actor: Actor, name: str) -> Run | None:
    """The job that lays a changed schema over all that is stored, also for those who did not ask for it."""
    row = access_dataset(db, actor, name)
    work = db.get(RevalidationRow, row.id)
    if work is None or work.run_id is None:
        return None
    try:
        return jobs.run(db, SYSTEM, work.run_id).model_copy(update={"traceback": None})
    except NotFound:
        return None
