"""Starts the job that checks rejected rows again."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.datasets.access import access_inbox, access_repair, definition_of
from app.datasets.formats.look import look
from app.datasets.rejects.named import NoCorrections, unread
from app.datasets.rejects.schemas import ReplayRequest, ReplayStarted
from app.datasets.rejects.store import require_mendable
from app.datasets.schemas import Pins, Upload
from app.datasets.tables import BatchRow, DatasetRow
from app.jobs import service as jobs


class NothingToReplay(Conflict):
    """There are no open rejected rows."""


class UnknownColumn(Invalid):
    """The dataset has no such column."""


def replay_batch(db: Session, actor: Actor, batch_id: int, wanted: ReplayRequest) -> ReplayStarted:
    batch, dataset = access_repair(db, actor, batch_id)
    require_mendable(db, batch, dataset)
    return _start(db, actor, dataset, [batch], wanted)


def replay_dataset(db: Session, actor: Actor, name: str, wanted: ReplayRequest) -> ReplayStarted:
    """All batches that are published or held."""
    dataset = access_inbox(db, actor, name)
    query = sa.select(BatchRow).where(
        BatchRow.dataset_id == dataset.id, BatchRow.status.in_(("published", "held")), BatchRow.replaced_by.is_(None)
    )
    return _start(db, actor, dataset, list(db.scalars(query.order_by(BatchRow.id))), wanted)


def correct_rejects(db: Session, actor: Actor, name: str, upload: Upload, *, dry_run: bool = False) -> ReplayStarted:
    """A file of rejected rows as it was downloaded, mended. Raises NoCorrections when it names no rows.

    The file is gone when the job is done; after a refusal it is the caller's.
    """
    dataset = access_inbox(db, actor, name)
    columns = [column.name for column in definition_of(dataset).columns]
    parts = look(upload, Pins())
    dialect = next((part.dialect for part in parts if part.dialect), None)
    if dialect is None:
        raise NoCorrections(f"{upload.file_name}: {parts[0].problem or 'There is no table in it.'}")
    title = f"{'Try' if dry_run else 'Store'} the corrections of {upload.file_name} for {dataset.name}"
    arguments = {
        "dataset_id": dataset.id,
        "upload": asdict(upload),
        "ignored": unread(dialect.header, columns),
        "wanted": ReplayRequest(dry_run=dry_run).model_dump(mode="json"),
    }
    run = jobs.enqueue(db, actor, "datasets.correct", arguments, title=title)
    return ReplayStarted(job_id=run.id, title=title, dry_run=dry_run)


def _start(
    db: Session, actor: Actor, dataset: DatasetRow, batches: list[BatchRow], wanted: ReplayRequest
) -> ReplayStarted:
    open_ones = [batch for batch in batches if batch.rows_rejected]
    if not open_ones:
        raise NothingToReplay(f"No rejected row of {dataset.name} is open, so there is nothing to check again.")
    require_columns(dataset, [edit.column for edit in wanted.edits])
    rows = sum(batch.rows_rejected for batch in open_ones)
    place = open_ones[0].file_name if len(batches) == 1 else dataset.name
    title = f"{'Try' if wanted.dry_run else 'Replay'} up to {rows:,} rejected rows of {place}"
    arguments = {
        "dataset_id": dataset.id,
        "batches": [batch.id for batch in open_ones],
        "wanted": wanted.model_dump(mode="json"),
    }
    run = jobs.enqueue(db, actor, "datasets.replay", arguments, title=title)
    return ReplayStarted(job_id=run.id, title=title, dry_run=wanted.dry_run)


def require_columns(dataset: DatasetRow, names: list[str]) -> None:
    known = [column.name for column in definition_of(dataset).columns]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownColumn(f"{dataset.name} has no column {unknown[0]!r}. Its columns are: {', '.join(known)}.")
