"""Documents: context for people and, later, for what writes reports. Their text is read by a job and searched here."""

from collections.abc import Iterable, Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import children, clock, storage
from app.core.actor import Actor, Role, require_role
from app.core.after_commit import delete_after_commit
from app.core.intake import Intake, Upload, discard
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.documents.access import access_document, level_on_document, require_owner, visible_documents
from app.documents.schemas import Document, DocumentChange, DocumentPage
from app.documents.search import search
from app.documents.tables import DocumentRow, PageRow
from app.jobs import service as jobs
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate

__all__ = [
    "MEDIA",
    "access_document",
    "change_document",
    "check_document",
    "delete_document",
    "document",
    "document_file",
    "documents",
    "documents_page",
    "page_texts",
    "pages",
    "receive_document",
    "search",
    "store_document",
]

MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
LOOK_SECONDS, LOOK_MEMORY_MB = 30, 1536
PIECE = 256 << 10

sharing.offer_kind(Kind.document, DocumentRow, owner_role=Role.member)


def store_document(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """For bytes that are at hand already, in the browser door. Raises FileTooLarge."""
    require_role(actor, Role.member)
    return Intake("documents", file_name, max_mb=settings().max_upload_mb).take(parts)


def check_document(stored: Upload) -> str:
    """What it is by its bytes: before a transaction begins, because it may take seconds. Nothing stays if it raises."""
    try:
        form: str = children.call(
            "app.documents.look:look",
            stored.key,
            stored.file_name,
            wall_seconds=LOOK_SECONDS,
            memory_mb=LOOK_MEMORY_MB,
        )
    except BaseException:
        discard(stored)
        raise
    return form


def receive_document(
    db: Session, actor: Actor, stored: Upload, form: str, *, share_with: list[ShareCreate] | None = None
) -> Document:
    """A document whose text is being read, or the one that this person has made of the same bytes before."""
    require_role(actor, Role.member)
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"{actor.id} {stored.sha256}"))))
    if same := _same(db, actor, stored):
        delete_after_commit(db, [stored.key])
        return document(db, actor, same).model_copy(update={"duplicate": True})
    now = clock.now()
    row = DocumentRow(
        name=stored.file_name.rpartition(".")[0] or stored.file_name,
        file_name=stored.file_name,
        form=form,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        owner_id=actor.id,
        created_at=now,
        changed_at=now,
    )
    db.add(row)
    db.flush()
    sharing.share_new(db, actor, Kind.document, row.id, share_with=share_with)
    title = f"Read {row.file_name}"
    row.run_id = jobs.enqueue(db, actor, "documents.extract", {"document_id": row.id}, title=title).id
    audit.record(db, actor, Action.document_received, row.id, name=row.name, file=row.file_name, size=row.size)
    db.flush()
    return document(db, actor, row.id)


def _same(db: Session, actor: Actor, stored: Upload) -> UUID | None:
    mine = DocumentRow.owner_id == actor.id if actor.id else DocumentRow.owner_id.is_(None)
    query = sa.select(DocumentRow.id).where(mine, DocumentRow.sha256 == stored.sha256)
    return db.scalars(query.order_by(DocumentRow.created_at).limit(1)).first()


def documents(db: Session, actor: Actor) -> list[Document]:
    require_role(actor, Role.viewer)
    found = db.execute(_seen_by(actor).order_by(DocumentRow.name, DocumentRow.id)).tuples().all()
    return _shown(db, found)


def documents_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Document]:
    """By name."""
    require_role(actor, Role.viewer)
    by = (DocumentRow.name, DocumentRow.id)
    page = fetch_page(db, _seen_by(actor), lambda *found: found, *by, limit=limit, cursor=cursor)
    return Page(items=_shown(db, page.items), next_cursor=page.next_cursor)


def document(db: Session, actor: Actor, document_id: UUID) -> Document:
    row = access_document(db, actor, document_id)
    level = sharing.level_for(db, actor, Kind.document, row.id, row.owner_id)
    return _shown(db, [(row, level)])[0]


def _seen_by(actor: Actor) -> "sa.Select[DocumentRow, str | None]":
    return sa.select(DocumentRow, level_on_document(actor)).where(visible_documents(actor))


def _shown(db: Session, found: Iterable[tuple[DocumentRow, str | None]]) -> list[Document]:
    """A run that broke down could not say so itself."""
    rows = list(found)
    waiting = [row.run_id for row, _ in rows if row.state == "reading" and row.run_id]
    errors = jobs.errors_of(db, waiting) if waiting else {}
    shown = []
    for row, level in rows:
        values = {name: getattr(row, name) for name in Document.model_fields if hasattr(row, name)}
        if row.run_id in errors:
            values |= {"state": "failed", "note": errors[row.run_id]}
        shown.append(Document(**values, level=Level(level or Level.view), job_id=row.run_id))
    return shown


def pages(
    db: Session, actor: Actor, document_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[DocumentPage]:
    """The text, page by page."""
    access_document(db, actor, document_id)
    query = sa.select(PageRow).where(PageRow.document_id == document_id)
    return fetch_page(db, query, DocumentPage.model_validate, PageRow.number, limit=limit, cursor=cursor)


def page_texts(db: Session, actor: Actor, document_id: UUID, page: int) -> list[DocumentPage]:
    """One page; in several pieces if it is very long."""
    access_document(db, actor, document_id)
    query = sa.select(PageRow).where(PageRow.document_id == document_id, PageRow.page == page)
    return [DocumentPage.model_validate(row) for row in db.scalars(query.order_by(PageRow.number))]


def change_document(db: Session, actor: Actor, document_id: UUID, change: DocumentChange) -> Document:
    row = access_document(db, actor, document_id, write=True)
    audit.record(db, actor, Action.document_renamed, row.id, before=row.name, name=change.name)
    row.name, row.changed_at = change.name, clock.now()
    db.flush()
    return document(db, actor, row.id)


def delete_document(db: Session, actor: Actor, document_id: UUID) -> None:
    """With its text and its file."""
    row = access_document(db, actor, document_id, write=True)
    require_owner(actor, row)
    audit.record(db, actor, Action.document_deleted, row.id, name=row.name)
    sharing.forget(db, Kind.document, row.id)
    delete_after_commit(db, [row.key])
    db.delete(row)
    db.flush()


def document_file(db: Session, actor: Actor, document_id: UUID) -> tuple[Document, Iterator[bytes]]:
    """The bytes as they were sent; they are read while the answer is on its way."""
    row = access_document(db, actor, document_id)
    audit.record(db, actor, Action.document_downloaded, row.id, name=row.name)
    return document(db, actor, row.id), _bytes(row.key)


def _bytes(key: str) -> Iterator[bytes]:
    with storage.open_file(key) as source:
        while part := source.read(PIECE):
            yield part
