"""Documents over HTTP."""

from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.accounts.downloads import Download
from app.accounts.uploads import MULTIPART_BODY, received_by
from app.accounts.web import Caller, Db, Limit, one_transaction
from app.core.intake import Upload
from app.core.paging import Page
from app.documents import service as documents
from app.documents.schemas import Document, DocumentChange, DocumentPage, Hit

router = APIRouter(tags=["documents"])
receiving = contextmanager(one_transaction)
Uploads = Annotated[list[Upload], received_by(documents.store_document)]


class DocumentsAnswer(BaseModel):
    documents: list[Document]


@router.get("/documents")
def list_documents(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Document]:
    """By name."""
    return documents.documents_page(db, caller, limit=limit, cursor=cursor)


@router.post("/documents", status_code=201, openapi_extra=MULTIPART_BODY)
def send_documents(request: Request, caller: Caller, files: Uploads) -> DocumentsAnswer:
    """PDF, Word (.docx) and PowerPoint (.pptx) files. Their text is read by a job and can be searched then."""
    forms = [documents.check_document(file) for file in files]
    with receiving(request, caller) as db:
        pairs = zip(files, forms, strict=True)
        return DocumentsAnswer(documents=[documents.receive_document(db, caller, *pair) for pair in pairs])


@router.get("/documents/search")
def search_documents(
    db: Db,
    caller: Caller,
    q: Annotated[str, Query(max_length=200, description="Words, or beginnings of words; a phrase in quotation marks")],
    document: UUID | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
) -> Page[Hit]:
    """Pages that hold all of these words, best first, each with a snippet in which they are marked."""
    return documents.search(db, caller, q, document_id=document, limit=limit, cursor=cursor)


@router.get("/documents/{document_id}")
def read_document(db: Db, caller: Caller, document_id: UUID) -> Document:
    """What it is, and whether its text could be read."""
    return documents.document(db, caller, document_id)


@router.get("/documents/{document_id}/pages")
def list_pages(
    db: Db, caller: Caller, document_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[DocumentPage]:
    """Its text, page by page, slide by slide or section by section."""
    return documents.pages(db, caller, document_id, limit=limit, cursor=cursor)


@router.get("/documents/{document_id}/file", response_class=StreamingResponse)
def download_document(db: Db, caller: Caller, document_id: UUID) -> Download:
    """The bytes as they were sent."""
    found, parts = documents.document_file(db, caller, document_id)
    return Download(parts, file_name=found.file_name, media_type=documents.MEDIA[found.form])


@router.patch("/documents/{document_id}")
def change_document(db: Db, caller: Caller, document_id: UUID, change: DocumentChange) -> Document:
    """Another name."""
    return documents.change_document(db, caller, document_id, change)


@router.delete("/documents/{document_id}", status_code=204)
def delete_document(db: Db, caller: Caller, document_id: UUID) -> None:
    """With its text and its file, for good."""
    documents.delete_document(db, caller, document_id)
