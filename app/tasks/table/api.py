"""Cards as a table over HTTP, and what happened on a board."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from app.accounts.downloads import Download
from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.tasks import service as tasks
from app.tasks.filters.service import zone_named
from app.tasks.filters.tokens import MAX_LENGTH
from app.tasks.schemas import EventKind
from app.tasks.table.schemas import BoardEvent

router = APIRouter()
Filter = Annotated[str, Query(alias="filter", max_length=MAX_LENGTH)]


@router.get("/boards/{board_id}/cards.csv", response_class=StreamingResponse)
def export_cards(
    db: Db, caller: Caller, board_id: UUID, text: Filter = "", *, archived: bool = False, zone: str = ""
) -> Download:
    """All cards that `filter` finds, by number; its today is that of `zone`.

    A text that a spreadsheet would run gets an apostrophe before it.
    """
    export = tasks.cards_csv(db, caller, board_id, text, archived=archived, zone=zone_named(zone))
    return Download(export.parts, file_name=export.file_name, media_type="text/csv")


@router.get("/boards/{board_id}/activity")
def read_activity(
    db: Db,
    caller: Caller,
    board_id: UUID,
    *,
    person: UUID | None = None,
    kind: EventKind | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[BoardEvent]:
    """What happened on the board, newest first; of one person or of one kind alone."""
    return tasks.activity(db, caller, board_id, person_id=person, kind=kind, limit=limit, cursor=cursor)
