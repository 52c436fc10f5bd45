"""Notices over HTTP: each person's own."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.notices import service
from app.notices.schemas import MarkedRead, Notice, NoticeSettings, NoticeSettingsChange, Unread

router = APIRouter(tags=["notices"])


@router.get("/notices")
def list_notices(
    db: Db, caller: Caller, *, unread: bool = False, limit: Limit = 50, cursor: str | None = None
) -> Page[Notice]:
    """Unread ones first, each part newest first; `unread=true` gives only those."""
    return service.notices(db, caller, unread=unread, limit=limit, cursor=cursor)


@router.get("/notices/count")
def count_unread(db: Db, caller: Caller) -> Unread:
    """Up to 99; `more` says that there are more."""
    return service.unread_count(db, caller)


@router.post("/notices/read")
def mark_all_read(db: Db, caller: Caller) -> MarkedRead:
    """All of them; how many were unread."""
    return MarkedRead(read=service.mark_all_read(db, caller))


@router.post("/notices/{notice_id}/read")
def mark_read(db: Db, caller: Caller, notice_id: UUID) -> Notice:
    return service.mark_read(db, caller, notice_id)


@router.get("/notices/settings")
def read_settings(db: Db, caller: Caller) -> NoticeSettings:
    return service.notice_settings(db, caller)


@router.patch("/notices/settings")
def change_settings(db: Db, caller: Caller, change: NoticeSettingsChange) -> NoticeSettings:
    """Only what is given changes; `muted` kinds are not told at all."""
    return service.change_settings(db, caller, change)
