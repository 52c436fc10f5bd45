"""What people are told, what they want to be told, and which mails were made of it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class NoticeRow(Base):
    """The unique pair makes it impossible to tell a person the same thing twice."""

    __tablename__ = "notices"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "key"),
        sa.CheckConstraint("(about_kind is null) = (about_id is null)", name="about"),
        sa.Index("ix_notices_person_id_at_id", "person_id", "at", "id"),
        sa.Index("ix_notices_unread", "person_id", postgresql_where=sa.text("read_at is null")),
        sa.Index("ix_notices_item_id", "item_id"),
        sa.Index("ix_notices_key", "key"),
        sa.Index("ix_notices_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"))
    kind: Mapped[str]
    key: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    link: Mapped[str]
    # The shared thing that it is about: whoever loses sight of that thing loses sight of the notice.
    about_kind: Mapped[str | None]
    about_id: Mapped[UUID | None]
    about: Mapped[str]
    # What goes takes its notices with it: a card, for example.
    item_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    mailed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class NoticeSettingsRow(Base):
    """Of people who have changed something; the others have what `NoticeSettings` says."""

    __tablename__ = "notice_settings"
    __table_args__ = (
        sa.CheckConstraint("mail in ('off', 'daily', 'hourly')", name="mail"),
        sa.CheckConstraint("hour between 0 and 23", name="hour"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    muted: Mapped[list[str]] = mapped_column(ARRAY(sa.String))
    mail: Mapped[str]
    hour: Mapped[int]
    zone: Mapped[str]
    # Whoever switches mails on wants what comes from now on, not what has piled up.
    mail_since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class DigestRow(Base):
    """One mail a person and occasion, whoever makes it and however often it is tried."""

    __tablename__ = "notice_digests"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    notices: Mapped[int]
