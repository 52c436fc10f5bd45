"""Boards from files, and files from boards, over HTTP."""

from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from app.accounts.downloads import Download
from app.accounts.uploads import MULTIPART_BODY, received_by
from app.accounts.web import Caller, Db, one_transaction
from app.core.errors import Invalid
from app.core.intake import Upload
from app.sharing.schemas import ShareCreate
from app.tasks.exchange import service as exchange
from app.tasks.exchange.schemas import BoardImport, CardsAdded, Form, ImportPreview, ImportReport, ImportWishes

router = APIRouter(tags=["boards in and out"])
receiving = contextmanager(one_transaction)
Uploads = Annotated[list[Upload], received_by(exchange.store_import)]


class CardsQuery(BaseModel):
    """`preview` stores nothing and tells what would be made. Everything else is guessed unless it is given."""

    model_config = ConfigDict(extra="forbid")

    preview: bool = False
    zone: str = Field(default="UTC", description="Where times of the file are days, and days of a CSV file begin")
    encoding: str | None = None
    delimiter: str | None = None
    map: list[str] | None = Field(default=None, description="field:name of the CSV column, such as title:Task")
    leave: list[str] = Field(default=[], description="Columns of the CSV file that are not read at all")
    skip_rejected: bool = Field(default=False, description="Import the good rows although others are rejected")

    def wishes(self) -> ImportWishes:
        given: dict[str, Any] = self.model_dump(exclude={"preview", "map", "private"})
        pairs = [pair.partition(":")[::2] for pair in self.map or []]
        try:
            return ImportWishes(**given, mapping=dict(pairs) if self.map else None, share_with=self._audience())
        except ValueError as error:
            raise Invalid(_reason(error)) from error

    def _audience(self) -> list[ShareCreate] | None:
        return None


class ImportQuery(CardsQuery):
    name: str | None = None
    done: list[str] | None = Field(default=None, description="Names of the columns that complete a card")
    columns: list[str] | None = Field(
        default=None, description="Names of the lists that become columns; cards of the others go to the archive"
    )
    again: bool = Field(default=False, description="Although this very file was imported before")
    private: bool = Field(default=False, description="Share the board with nobody")

    def _audience(self) -> list[ShareCreate] | None:
        return [] if self.private else None


def _reason(error: ValueError) -> str:
    first = error.errors()[0] if hasattr(error, "errors") else {"loc": ("query",), "msg": str(error)}
    return f"{first['loc'][0]}: {str(first['msg']).removeprefix('Value error, ')}."


@router.post("/boards/import", status_code=201, openapi_extra=MULTIPART_BODY)
def import_board(
    request: Request, caller: Caller, files: Uploads, asked: Annotated[ImportQuery, Query()]
) -> BoardImport | ImportPreview:
    """A Trello export (JSON) or a CSV file of cards as a new board; look first with `preview=true`.

    Up to 2 MB it is there with the answer; a larger file is imported by a job, which the answer names.
    """
    stored = _only(files)
    wishes = asked.wishes()
    if asked.preview:
        found = exchange.read_import(stored, wishes)
        with receiving(request, caller) as db:
            preview = exchange.preview_import(db, caller, stored, found)
        exchange.discard_import(stored)
        return preview
    at_once = exchange.read_import(stored, wishes) if exchange.is_small_import(stored) else None
    with receiving(request, caller) as db:
        return exchange.import_board(db, caller, stored, wishes, at_once)


@router.post("/boards/{board_id}/cards/import", openapi_extra=MULTIPART_BODY)
def import_cards(
    request: Request, caller: Caller, board_id: UUID, files: Uploads, asked: Annotated[CardsQuery, Query()]
) -> CardsAdded:
    """The rows of a CSV file as new cards of a board that is there, up to 500; look first with `preview=true`.

    Rows whose key or title is on the board already are left out and named; rows for a column that is full are rejected.
    """
    stored = _only(files)
    wishes = asked.wishes()
    found = exchange.read_import(stored, wishes)
    try:
        with receiving(request, caller) as db:
            return exchange.add_cards(db, caller, board_id, found, wishes, preview=asked.preview)
    finally:
        exchange.discard_import(stored)


def _only(files: list[Upload]) -> Upload:
    if len(files) != 1:
        raise Invalid(f"file: send one file, not {len(files)}.")
    return files[0]


@router.get("/board-imports/{import_id}")
def read_import(db: Db, caller: Caller, import_id: UUID) -> BoardImport:
    """How far it is; one's own only."""
    return exchange.board_import(db, caller, import_id)


@router.get("/boards/{board_id}/import")
def read_import_report(db: Db, caller: Caller, board_id: UUID) -> ImportReport:
    """What was made of the file that this board comes from, and what could not be taken over."""
    return exchange.import_report(db, caller, board_id)


@router.get("/boards/{board_id}/export", response_class=StreamingResponse)
def export_board(db: Db, caller: Caller, board_id: UUID, format: Form = "trello") -> Download:
    """All of the board: in the shape of a Trello export, history included, or as CSV with one row a card."""
    file = exchange.export_board(db, caller, board_id, format)
    return Download(file.parts, file_name=file.file_name, media_type=file.media_type)
