"""The long work of this feature, for the worker."""

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.core import storage, sweep
from app.core.errors import AppError
from app.documents.tables import DocumentRow, PageRow
from app.jobs.context import Handler, JobContext, limited, turned_away

if TYPE_CHECKING:
    from app.documents.extract import Text

UNREADABLE = "Its text could not be read: the file is damaged or built in an unusual way. The file itself is kept."
SCANNED = "There is no text in it: it looks scanned. The file is kept, but nothing in it can be found."
PARTLY = "Pages without text: {} of {}. They look scanned, or are empty."


# What looks like a tag would be left out of the words.
INSERT = sa.text(
    "insert into document_pages (document_id, number, page, title, text, words)"
    " values (:document, :place, :page, cast(:title as text), cast(:text as text),"
    " to_tsvector('simple', translate(cast(:title as text) || ' ' || cast(:text as text), '<>', '  ')))"
)
log = structlog.stdlib.get_logger(__name__)


def refuse_document(ctx: JobContext, reason: str) -> str:
    with ctx.transaction() as db:
        _finish(db, _id(ctx), state="failed", note=reason)
    return "Send the document again."


@turned_away(refuse_document)
@limited(wall_seconds=600, memory_mb=2048)
def extract(ctx: JobContext) -> dict[str, Any]:
    """The text of a document, stored page by page. One that is damaged says so; it is not tried again."""
    with ctx.transaction() as db:
        row = db.get(DocumentRow, _id(ctx))
        if row is None:
            return {"pages": 0}  # deleted in the meantime
        key, form = row.key, row.form
    ctx.step("Reading the text", 0.1)
    texts = _read(key, form)
    with ctx.transaction() as db:
        sweep.sweep_daily("documents", lambda keys: _named(db, keys))
        if texts is None:
            return _finish(db, _id(ctx), state="failed", note=UNREADABLE)
        return _store(db, _id(ctx), texts)


def _named(db: Session, keys: Collection[str]) -> set[str]:
    return set(db.scalars(sa.select(DocumentRow.key).where(DocumentRow.key.in_(keys))))


def _id(ctx: JobContext) -> UUID:
    return UUID(ctx.args["document_id"])


def _read(key: str, form: str) -> "list[Text] | None":
    from app.documents.extract import extract as texts_of  # noqa: PLC0415  readers load where they are needed

    content = storage.read(key)
    try:
        return texts_of(content, form)  # type: ignore[arg-type]  # a check constraint says so
    except (AppError, MemoryError):
        raise
    except Exception as error:
        log.warning("document unreadable", key=key, error=repr(error))
        return None


def _store(db: Session, document_id: UUID, texts: "list[Text]") -> dict[str, Any]:
    pages, written = {one.page for one in texts}, {one.page for one in texts if one.text}
    db.execute(sa.delete(PageRow).where(PageRow.document_id == document_id))
    if texts:
        numbered = enumerate(texts, 1)
        db.execute(INSERT, [{"document": document_id, "place": place, **asdict(one)} for place, one in numbered])
    state, note = ("ready", "") if written == pages else ("ready", PARTLY.format(len(pages - written), len(pages)))
    if not written:
        state, note = "empty", SCANNED
    characters = sum(len(one.text) for one in texts)
    return _finish(db, document_id, state=state, note=note, pages=len(pages), characters=characters)


def _finish(db: Session, document_id: UUID, **values: Any) -> dict[str, Any]:
    db.execute(sa.update(DocumentRow).where(DocumentRow.id == document_id).values(**values))
    return {"pages": values.get("pages", 0)}


HANDLERS: dict[str, Handler] = {"documents.extract": extract}
