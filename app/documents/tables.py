"""Documents, and their text page by page."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class DocumentRow(Base):
    """`note` says to people what of it could not be read."""

    __tablename__ = "documents"
    __table_args__ = (
        sa.CheckConstraint("form in ('pdf', 'docx', 'pptx')", name="form"),
        sa.CheckConstraint("state in ('reading', 'ready', 'empty', 'failed')", name="state"),
        sa.Index("ix_documents_owner_id_sha256", "owner_id", "sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str]
    file_name: Mapped[str]
    form: Mapped[str]
    key: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=sa.text("'reading'"))
    note: Mapped[str] = mapped_column(server_default=sa.text("''"))
    pages: Mapped[int] = mapped_column(server_default=sa.text("0"))
    characters: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    # No foreign key: old runs are cleaned up, the document stays.
    run_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class PageRow(Base):
    """A page, a slide, or a section of a text document, or a piece of a long one; `words` is what a search looks in."""

    __tablename__ = "document_pages"
    __table_args__ = (sa.Index("ix_document_pages_words", "words", postgresql_using="gin"),)

    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    page: Mapped[int]
    title: Mapped[str] = mapped_column(server_default=sa.text("''"))
    text: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR)
