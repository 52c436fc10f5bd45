"""Saved filters over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.tasks import service as tasks
from app.tasks.filters.schemas import DefaultFilter, FilterChange, FilterCreate, SavedFilter

router = APIRouter()


@router.get("/boards/{board_id}/filters")
def list_filters(
    db: Db, caller: Caller, board_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[SavedFilter]:
    """Those of the board and your own, by name."""
    return tasks.saved_filters_page(db, caller, board_id, limit=limit, cursor=cursor)


@router.post("/boards/{board_id}/filters", status_code=201)
def save_filter(db: Db, caller: Caller, board_id: UUID, new: FilterCreate) -> SavedFilter:
    """For you alone, or with `shared` for everybody on the board. The language is in docs/board.md."""
    return tasks.save_filter(db, caller, board_id, new)


@router.put("/boards/{board_id}/filters/default", status_code=204)
def choose_default_filter(db: Db, caller: Caller, board_id: UUID, default: DefaultFilter) -> None:
    """With which filter the board opens for you; null: with none."""
    tasks.choose_default_filter(db, caller, board_id, default.filter_id)


@router.patch("/boards/{board_id}/filters/{filter_id}")
def change_filter(db: Db, caller: Caller, board_id: UUID, filter_id: UUID, change: FilterChange) -> SavedFilter:
    """Your own, or a shared one where you may work on the board."""
    return tasks.change_filter(db, caller, board_id, filter_id, change)


@router.delete("/boards/{board_id}/filters/{filter_id}", status_code=204)
def delete_filter(db: Db, caller: Caller, board_id: UUID, filter_id: UUID) -> None:
    """Your own, or a shared one where you may work on the board."""
    tasks.delete_filter(db, caller, board_id, filter_id)
