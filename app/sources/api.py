"""Sources over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.sources import service as sources_service
from app.sources.schemas import (
    DatabaseTables,
    Item,
    ItemState,
    Probe,
    Pull,
    PullOrder,
    PullStarted,
    Source,
    SourceChange,
    SourceCreate,
    StreamState,
)

router = APIRouter(tags=["sources"])


@router.get("/sources")
def list_sources(
    db: Db, caller: Caller, dataset: str | None = None, limit: Limit = 50, cursor: str | None = None
) -> Page[Source]:
    """By name; never with a secret."""
    return sources_service.sources(db, caller, dataset=dataset, limit=limit, cursor=cursor)


@router.post("/sources", status_code=201)
def create_source(db: Db, caller: Caller, new: SourceCreate) -> Source:
    """Secrets among `settings` are kept encrypted."""
    return sources_service.create_source(db, caller, new)


@router.get("/sources/{source_id}")
def read_source(db: Db, caller: Caller, source_id: UUID) -> Source:
    """Its settings, how far it came, and what its last pull said."""
    return sources_service.source(db, caller, source_id)


@router.patch("/sources/{source_id}")
def change_source(db: Db, caller: Caller, source_id: UUID, change: SourceChange) -> Source:
    """409 when `version` is no longer the latest. Another host needs the secrets again."""
    return sources_service.change_source(db, caller, source_id, change)


@router.delete("/sources/{source_id}", status_code=204)
def delete_source(db: Db, caller: Caller, source_id: UUID) -> None:
    """With its schedules. What it brought stays in the dataset."""
    sources_service.delete_source(db, caller, source_id)


@router.post("/sources/{source_id}/test")
def check_source(db: Db, caller: Caller, source_id: UUID) -> Probe:
    """Connects for real and says what is there; nothing is taken."""
    return sources_service.check_source(db, caller, source_id)


@router.post("/sources/{source_id}/pull", status_code=202)
def pull_source(db: Db, caller: Caller, source_id: UUID, order: PullOrder | None = None) -> PullStarted:
    """`job_id` is the job to follow."""
    return sources_service.pull_now(db, caller, source_id, order)


@router.post("/sources/{source_id}/reset")
def reset_source(db: Db, caller: Caller, source_id: UUID) -> Source:
    """Forgets how far it came: the next pull looks at everything again."""
    return sources_service.reset_source(db, caller, source_id)


@router.get("/sources/{source_id}/pulls")
def list_pulls(db: Db, caller: Caller, source_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Pull]:
    """Newest first, with the batches that each one brought."""
    return sources_service.pulls(db, caller, source_id, limit=limit, cursor=cursor)


@router.get("/sources/{source_id}/items")
def list_items(
    db: Db,
    caller: Caller,
    source_id: UUID,
    state: ItemState | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[Item]:
    """What was found there, newest first: taken, a duplicate, refused with a reason, or not fetched yet."""
    return sources_service.items(db, caller, source_id, state=state, limit=limit, cursor=cursor)


@router.get("/sources/{source_id}/stream")
def read_stream(db: Db, caller: Caller, source_id: UUID) -> StreamState:
    """Of a source that is followed all the time: how far it is behind, and what went wrong."""
    return sources_service.stream_state(db, caller, source_id)


@router.get("/sources/{source_id}/tables")
def read_tables(db: Db, caller: Caller, source_id: UUID) -> DatabaseTables:
    """Of a source of the kind `sql`: what a query with its name as `connection` can ask."""
    return sources_service.tables_of(db, caller, source_id)
