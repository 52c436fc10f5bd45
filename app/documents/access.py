"""The only way to the row of a document."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import Forbidden, NotFound
from app.documents.tables import DocumentRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind


class DocumentNotFound(NotFound):
    """There is no such document, or you may not see it."""


def visible_documents(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.document, DocumentRow.id, DocumentRow.owner_id)


def level_on_document(actor: Actor) -> sa.ColumnElement[str | None]:
    return sharing.level_column(actor, Kind.document, DocumentRow.id, DocumentRow.owner_id)


def access_document(db: Session, actor: Actor, document_id: UUID, *, write: bool = False) -> DocumentRow:
    require_role(actor, Role.viewer)
    row = db.get(DocumentRow, document_id, with_for_update=write or None, populate_existing=write)
    if row is None:
        raise DocumentNotFound
    sharing.check_level(db, actor, Kind.document, row, edit=write, missing=DocumentNotFound())
    if write:
        require_role(actor, Role.member)
    return row


def require_owner(actor: Actor, row: DocumentRow) -> None:
    if actor.role is not Role.admin and (actor.id is None or actor.id != row.owner_id):
        raise Forbidden(f"Only the owner of {row.name} or an administrator may delete it.")
