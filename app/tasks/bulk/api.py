"""Many cards at once over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkDone, BulkEdit

router = APIRouter()


@router.post("/boards/{board_id}/cards/bulk")
def change_cards(db: Db, caller: Caller, board_id: UUID, edit: BulkEdit) -> BulkDone:
    """All of them or none: 409 `CardsRefused` names in `details` each card that cannot be changed, and why."""
    return tasks.change_cards(db, caller, board_id, edit)
