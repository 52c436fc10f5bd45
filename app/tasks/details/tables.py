"""What hangs on a card. All of it goes with the card.

Who did something is kept as an id and as the name of that time: people leave, and imports bring names nobody has here.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.tasks.tables import NEW_ID, RANK


class ChecklistItemRow(Base):
    """`list` is the heading it stands under; an item without one has an empty text there."""

    __tablename__ = "card_checklist_items"
    __table_args__ = (sa.UniqueConstraint("card_id", "rank", deferrable=True, initially="IMMEDIATE"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"))
    list: Mapped[str] = mapped_column(server_default=sa.text("''"))
    rank: Mapped[str] = mapped_column(RANK)
    text: Mapped[str]
    done_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    done_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    done_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class CommentRow(Base):
    """`text` is Markdown."""

    __tablename__ = "card_comments"
    __table_args__ = (sa.Index("ix_card_comments_card_id_created_at_id", "card_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    author: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    edited_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class NoteRow(Base):
    """How the work went on one day, as its parts; each is Markdown and may be empty."""

    __tablename__ = "card_notes"
    __table_args__ = (sa.Index("ix_card_notes_card_id_day_created_at_id", "card_id", "day", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    author: Mapped[str]
    day: Mapped[date]
    text: Mapped[str] = mapped_column(server_default=sa.text("''"))
    issue: Mapped[str] = mapped_column(server_default=sa.text("''"))
    analysis: Mapped[str] = mapped_column(server_default=sa.text("''"))
    timeline: Mapped[str] = mapped_column(server_default=sa.text("''"))
    resolution: Mapped[str] = mapped_column(server_default=sa.text("''"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    edited_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class NoteVersionRow(Base):
    """What a note said before it was edited: a report made anew says what it said at the end of its period."""

    __tablename__ = "card_note_versions"
    __table_args__ = (sa.Index("ix_card_note_versions_note_id_until", "note_id", "until"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    note_id: Mapped[UUID] = mapped_column(sa.ForeignKey("card_notes.id", ondelete="CASCADE"))
    day: Mapped[date]
    text: Mapped[str]
    issue: Mapped[str]
    analysis: Mapped[str]
    timeline: Mapped[str]
    resolution: Mapped[str]
    until: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class FileRow(Base):
    """`media_type` is what its bytes look like, whatever its name says."""

    __tablename__ = "card_files"
    __table_args__ = (
        sa.Index("ix_card_files_card_id_created_at_id", "card_id", "created_at", "id"),
        sa.UniqueConstraint("key"),
        sa.CheckConstraint("size >= 0", name="size_counted"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    author: Mapped[str]
    name: Mapped[str]
    key: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str]
    media_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class BlockerRow(Base):
    """`card_id` waits for `blocker_id`. Both are on one board, and nothing waits for itself in a circle."""

    __tablename__ = "card_blockers"
    __table_args__ = (
        sa.CheckConstraint("card_id <> blocker_id", name="not_itself"),
        sa.Index("ix_card_blockers_blocker_id", "blocker_id"),
    )

    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    blocker_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
