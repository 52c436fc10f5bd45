"""Boards and cards over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from app.accounts.web import Caller, Db, Limit, asked_by_itself
from app.core.paging import Page
from app.tasks import service as tasks
from app.tasks.bulk import api as bulk
from app.tasks.calendar import api as calendar
from app.tasks.details import api as details
from app.tasks.exchange import api as exchange
from app.tasks.faces.schemas import BoardChanges
from app.tasks.filters import api as filters
from app.tasks.metrics import api as metrics
from app.tasks.schemas import (
    Board,
    BoardChange,
    BoardCreate,
    BoardLine,
    Card,
    CardChange,
    CardCreate,
    CardEvent,
    CardMove,
)
from app.tasks.summaries.schemas import BoardSummary
from app.tasks.table import api as table
from app.tasks.undo.schemas import Steps, Undone, UndoRequest

MAX_REVISION = 2**63 - 1
LAST = UndoRequest()

router = APIRouter(tags=["tasks"])
router.include_router(exchange.router)
router.include_router(calendar.router)
router.include_router(filters.router)
router.include_router(bulk.router)
router.include_router(table.router)
router.include_router(details.router)
router.include_router(metrics.router)


@router.get("/boards")
def list_boards(
    db: Db, caller: Caller, archived: bool = False, limit: Limit = 50, cursor: str | None = None
) -> Page[BoardLine]:
    """By name; those in use, or those that are archived."""
    return tasks.boards_page(db, caller, archived=archived, limit=limit, cursor=cursor)


@router.post("/boards", status_code=201)
def create_board(db: Db, caller: Caller, new: BoardCreate) -> BoardLine:
    """Without `columns`: To do, In progress, Pending, Completed."""
    return tasks.create_board(db, caller, new)


@router.get("/boards/{board_id}")
def read_board(db: Db, caller: Caller, board_id: UUID) -> Board:
    """Its columns with their cards in order."""
    return tasks.board(db, caller, board_id)


@router.patch("/boards/{board_id}")
def change_board(db: Db, caller: Caller, board_id: UUID, change: BoardChange) -> BoardLine:
    """`columns`, `lanes` and `labels` are each the whole new list in its order; what is left out is removed."""
    return tasks.change_board(db, caller, board_id, change)


@router.delete("/boards/{board_id}", status_code=204)
def delete_board(db: Db, caller: Caller, board_id: UUID) -> None:
    """For good, with its cards and their history; only an archived board. Its owner or an administrator."""
    tasks.delete_board(db, caller, board_id)


@router.post("/boards/{board_id}/archive")
def archive_board(db: Db, caller: Caller, board_id: UUID) -> BoardLine:
    """Out of the lists, and its cards can no longer be changed. Its owner or an administrator."""
    return tasks.archive_board(db, caller, board_id)


@router.post("/boards/{board_id}/revive")
def revive_board(db: Db, caller: Caller, board_id: UUID) -> BoardLine:
    """Brings an archived board back."""
    return tasks.revive_board(db, caller, board_id)


@router.get("/boards/{board_id}/changes")
@asked_by_itself
def read_changes(
    db: Db,
    caller: Caller,
    board_id: UUID,
    since: Annotated[int | None, Query(ge=0, le=MAX_REVISION)] = None,
    text: Annotated[str, Query(alias="filter", max_length=1_000)] = "",
    zone: Annotated[str, Query(max_length=64)] = "",
) -> BoardChanges:
    """What changed after the revision `since`; without it all cards. `filter` tells which of them it finds.

    Its today is that of `zone`.
    """
    return tasks.board_changes(db, caller, board_id, since, text, zone=zone)


@router.get("/boards/{board_id}/cards")
def search_cards(
    db: Db,
    caller: Caller,
    board_id: UUID,
    *,
    text: str = "",
    filter: Annotated[str, Query(max_length=1_000)] = "",
    archived: bool = False,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[Card]:
    """Cards that hold every word of `text` in title or description and that `filter` finds; newest first."""
    return tasks.search_cards(db, caller, board_id, text, filter=filter, archived=archived, limit=limit, cursor=cursor)


@router.post("/boards/{board_id}/cards", status_code=201)
def create_card(db: Db, caller: Caller, board_id: UUID, new: CardCreate) -> Card:
    """At the end of its column; without `column`, of the first one."""
    return tasks.create_card(db, caller, board_id, new)


@router.get("/boards/{board_id}/steps")
def read_steps(db: Db, caller: Caller, board_id: UUID) -> Steps:
    """What undo and redo would do next, for you."""
    return tasks.next_steps(db, caller, board_id)


@router.post("/boards/{board_id}/undo")
def undo_step(db: Db, caller: Caller, board_id: UUID, asked: UndoRequest = LAST) -> Undone:
    """Takes back what you did last to cards of this board. 409 when somebody else changed one of them since."""
    return tasks.undo(db, caller, board_id, asked.skip)


@router.post("/boards/{board_id}/redo")
def redo_step(db: Db, caller: Caller, board_id: UUID, asked: UndoRequest = LAST) -> Undone:
    """Does again what you took back last."""
    return tasks.redo(db, caller, board_id, asked.skip)


@router.get("/boards/{board_id}/summary")
def summarize_board(
    db: Db, caller: Caller, board_id: UUID, since: AwareDatetime, until: AwareDatetime, blocked_days: int = 0
) -> BoardSummary:
    """The board as it was just before `until`, and what happened from `since` on; also for any past time."""
    return tasks.board_summary(db, caller, board_id, since, until, blocked_days=blocked_days)


@router.get("/cards/{card_id}")
def read_card(db: Db, caller: Caller, card_id: UUID) -> Card:
    """Also an archived one."""
    return tasks.card(db, caller, card_id)


@router.patch("/cards/{card_id}")
def change_card(db: Db, caller: Caller, card_id: UUID, change: CardChange) -> Card:
    """Only what is given changes; null clears a date, the estimate or the lane, and `[]` people or labels.

    409 when `version` is no longer the latest.
    """
    return tasks.change_card(db, caller, card_id, change)


@router.delete("/cards/{card_id}", status_code=204)
def delete_card(db: Db, caller: Caller, card_id: UUID) -> None:
    """For good; only an archived card. Its history stays."""
    tasks.delete_card(db, caller, card_id)


@router.post("/cards/{card_id}/move")
def move_card(db: Db, caller: Caller, card_id: UUID, move: CardMove) -> Card:
    """Below the card `after`, else above the card `before`, else to the end of the column."""
    return tasks.move_card(db, caller, card_id, move)


@router.post("/cards/{card_id}/archive")
def archive_card(db: Db, caller: Caller, card_id: UUID) -> Card:
    """Off the board; it can come back."""
    return tasks.archive_card(db, caller, card_id)


@router.post("/cards/{card_id}/revive")
def revive_card(db: Db, caller: Caller, card_id: UUID) -> Card:
    """Back to the column it was archived from."""
    return tasks.revive_card(db, caller, card_id)


@router.get("/cards/{card_id}/history")
def read_history(
    db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[CardEvent]:
    """Newest first; also of a card that was deleted."""
    return tasks.card_history_page(db, caller, card_id, limit=limit, cursor=cursor)
