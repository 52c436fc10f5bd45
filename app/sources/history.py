"""What became of each visit to a source, and of each thing that was found there."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor
from app.core.errors import AppError
from app.core.paging import Page, fetch_page
from app.datasets import service as datasets
from app.jobs import service as jobs
from app.sources.access import access_source
from app.sources.schemas import Item, ItemState, Pull, PullStatus
from app.sources.tables import ItemRow, PullRow

STOPPED = "It was stopped before it was done; nothing of it counts. Pull again."


def pulls(db: Session, actor: Actor, source_id: UUID, *, limit: int = 20, cursor: str | None = None) -> Page[Pull]:
    """Newest first, each with its batches and what is known of their rows by now."""
    access_source(db, actor, source_id)
    query = sa.select(PullRow).where(PullRow.source_id == source_id)
    page = fetch_page(db, query, lambda row: _pull(db, row), PullRow.id, limit=limit, cursor=cursor, newest_first=True)
    return Page(items=_with_rows(db, page.items), next_cursor=page.next_cursor)


def items(
    db: Session,
    actor: Actor,
    source_id: UUID,
    *,
    state: ItemState | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Item]:
    """Newest first."""
    access_source(db, actor, source_id)
    query = sa.select(ItemRow).where(ItemRow.source_id == source_id)
    query = query.where(ItemRow.state == state) if state else query
    return fetch_page(db, query, Item.model_validate, ItemRow.id, limit=limit, cursor=cursor, newest_first=True)


def running_pull(db: Session, source_id: UUID) -> UUID | None:
    """The run that is at it, or will be."""
    query = sa.select(PullRow.run_id).where(PullRow.source_id == source_id, PullRow.status == PullStatus.running)
    found = db.scalar(query.order_by(PullRow.id.desc()).limit(1))
    return found if found and _progress(db, found) is not None else None


def _pull(db: Session, row: PullRow) -> Pull:
    """One whose run has ended without a word does not go on for ever."""
    seen = Pull.model_validate(row)
    if seen.status is not PullStatus.running:
        return seen
    progress = _progress(db, row.run_id)
    if progress is None:
        return seen.model_copy(update={"status": PullStatus.failed, "error": STOPPED})
    return seen.model_copy(update={"progress": progress})


def _progress(db: Session, run_id: UUID) -> float | None:
    """None when it is over."""
    try:
        run = jobs.run(db, SYSTEM, run_id)
    except AppError:
        return None
    return None if run.status.is_final else run.progress


def _with_rows(db: Session, found: list[Pull]) -> list[Pull]:
    query = sa.select(ItemRow.pull_id, sa.func.unnest(ItemRow.batch_ids)).where(
        ItemRow.pull_id.in_([one.id for one in found])
    )
    of_pull: dict[int, list[int]] = {}
    for pull_id, batch_id in db.execute(query).tuples():
        of_pull.setdefault(pull_id or 0, []).append(batch_id)
    figures = datasets.batch_figures(db, [batch for some in of_pull.values() for batch in some])
    return [_counted(one, sorted(of_pull.get(one.id, [])), figures) for one in found]


def _counted(one: Pull, batches: list[int], figures: dict[int, Any]) -> Pull:
    rows = [figures[batch] for batch in batches if batch in figures]
    counts = {name: sum(getattr(each, name) for each in rows) for name in ("rows_in", "rows_rejected")}
    return one.model_copy(update={"batches": batches, **counts})
