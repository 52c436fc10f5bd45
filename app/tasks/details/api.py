"""What hangs on a card, over HTTP."""

from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from app.accounts.downloads import Download
from app.accounts.uploads import MULTIPART_BODY, received_by
from app.accounts.web import Caller, Db, Limit, one_transaction
from app.core.db import transaction
from app.core.intake import Upload
from app.core.paging import Page
from app.tasks.access import access_card
from app.tasks.details import service as details
from app.tasks.details.schemas import (
    BlockerAdd,
    CardFile,
    CardFiles,
    ChecklistItem,
    Comment,
    CommentChange,
    CommentCreate,
    ItemChange,
    ItemCreate,
    LinkedCard,
    Note,
    NoteChange,
    NoteCreate,
)

router = APIRouter(tags=["cards"], prefix="/cards/{card_id}")
receiving = contextmanager(one_transaction)
Uploads = Annotated[list[Upload], received_by(details.store_file)]


@router.get("/checklist")
def list_items(
    db: Db, caller: Caller, card_id: UUID, limit: Limit = 200, cursor: str | None = None
) -> Page[ChecklistItem]:
    """In their order."""
    return details.checklist(db, caller, card_id, limit=limit, cursor=cursor)


@router.post("/checklist", status_code=201)
def add_item(db: Db, caller: Caller, card_id: UUID, new: ItemCreate) -> ChecklistItem:
    """Below the item `after`, else above the item `before`, else at the end of its list."""
    return details.add_item(db, caller, card_id, new)


@router.patch("/checklist/{item_id}")
def change_item(db: Db, caller: Caller, card_id: UUID, item_id: UUID, change: ItemChange) -> ChecklistItem:
    """Rename it, tick it (`done`), put it elsewhere (`after`, `before`, `list`)."""
    return details.change_item(db, caller, card_id, item_id, change)


@router.delete("/checklist/{item_id}", status_code=204)
def remove_item(db: Db, caller: Caller, card_id: UUID, item_id: UUID) -> None:
    """Off the checklist."""
    details.remove_item(db, caller, card_id, item_id)


@router.get("/comments")
def list_comments(db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Comment]:
    """Oldest first; the text is Markdown."""
    return details.comments(db, caller, card_id, limit=limit, cursor=cursor)


@router.post("/comments", status_code=201)
def write_comment(db: Db, caller: Caller, card_id: UUID, new: CommentCreate) -> Comment:
    """`@Name` mentions somebody who sees the board."""
    return details.write_comment(db, caller, card_id, new)


@router.patch("/comments/{comment_id}")
def edit_comment(db: Db, caller: Caller, card_id: UUID, comment_id: UUID, change: CommentChange) -> Comment:
    """Only one's own."""
    return details.edit_comment(db, caller, card_id, comment_id, change)


@router.delete("/comments/{comment_id}", status_code=204)
def delete_comment(db: Db, caller: Caller, card_id: UUID, comment_id: UUID) -> None:
    """One's own; the owner of the board and administrators any."""
    details.delete_comment(db, caller, card_id, comment_id)


@router.get("/notes")
def list_notes(db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Note]:
    """Progress notes, the latest day first."""
    return details.notes(db, caller, card_id, limit=limit, cursor=cursor)


@router.post("/notes", status_code=201)
def write_note(db: Db, caller: Caller, card_id: UUID, new: NoteCreate) -> Note:
    """Without `day`: today. Several a day are several notes."""
    return details.write_note(db, caller, card_id, new)


@router.patch("/notes/{note_id}")
def edit_note(db: Db, caller: Caller, card_id: UUID, note_id: UUID, change: NoteChange) -> Note:
    """Only one's own; only what is given changes."""
    return details.edit_note(db, caller, card_id, note_id, change)


@router.delete("/notes/{note_id}", status_code=204)
def delete_note(db: Db, caller: Caller, card_id: UUID, note_id: UUID) -> None:
    """One's own; the owner of the board and administrators any."""
    details.delete_note(db, caller, card_id, note_id)


def may_attach(caller: Caller, card_id: UUID) -> None:
    """Before a byte is read."""
    with transaction() as db:
        access_card(db, caller, card_id, write=True)


@router.get("/files")
def list_files(db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[CardFile]:
    """Oldest first."""
    return details.files(db, caller, card_id, limit=limit, cursor=cursor)


@router.post("/files", status_code=201, openapi_extra=MULTIPART_BODY, dependencies=[Depends(may_attach)])
def attach_files(request: Request, caller: Caller, card_id: UUID, sent: Uploads) -> CardFiles:
    """One or more files of any kind, in fields named `file`; all of them are attached, or none."""
    with transaction() as db:
        details.sweep_files(db)
    with receiving(request, caller) as db:
        return CardFiles(files=[details.attach_file(db, caller, card_id, one) for one in sent])


@router.get("/files/{file_id}", response_class=StreamingResponse)
def download_file(db: Db, caller: Caller, card_id: UUID, file_id: UUID) -> Download:
    """The bytes as they were sent, to be saved; browsers are told not to show them."""
    found, parts = details.file_content(db, caller, card_id, file_id)
    return Download(parts, file_name=found.name, media_type=found.media_type)


@router.delete("/files/{file_id}", status_code=204)
def delete_file(db: Db, caller: Caller, card_id: UUID, file_id: UUID) -> None:
    """One's own; the owner of the board and administrators any."""
    details.delete_file(db, caller, card_id, file_id)


@router.get("/blockers")
def list_blockers(
    db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[LinkedCard]:
    """What the card waits for."""
    return details.blockers(db, caller, card_id, limit=limit, cursor=cursor)


@router.post("/blockers", status_code=201)
def add_blocker(db: Db, caller: Caller, card_id: UUID, wanted: BlockerAdd) -> LinkedCard:
    """Another card of the same board that must be done first; 409 when the two would wait for each other."""
    return details.add_blocker(db, caller, card_id, wanted)


@router.delete("/blockers/{blocker_id}", status_code=204)
def remove_blocker(db: Db, caller: Caller, card_id: UUID, blocker_id: UUID) -> None:
    """The card no longer waits for that one."""
    details.remove_blocker(db, caller, card_id, blocker_id)


@router.get("/waiting")
def list_waiting(
    db: Db, caller: Caller, card_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[LinkedCard]:
    """What waits for this card."""
    return details.waiting(db, caller, card_id, limit=limit, cursor=cursor)
