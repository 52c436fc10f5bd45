"""Who follows a stream, how far it was read, and what went wrong on the way."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class StreamRow(Base):
    """`token` names the one follower: whoever holds another one can store nothing."""

    __tablename__ = "streams"

    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[UUID | None]
    beat_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # The batch that grows now.
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("batches.id", ondelete="SET NULL"))
    failures: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    trouble: Mapped[str | None]
    messages: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    rejected: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    last_message_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class OffsetRow(Base):
    """The truth about what was read: moved in the transaction that stores the rows."""

    __tablename__ = "stream_offsets"

    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    next_offset: Mapped[int] = mapped_column(sa.BigInteger)
    # What the broker said last, for the lag.
    end_offset: Mapped[int | None] = mapped_column(sa.BigInteger)
    seen_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class WarningRow(Base):
    """What was lost or left out, in words: never silently."""

    __tablename__ = "stream_warnings"
    __table_args__ = (sa.Index("ix_stream_warnings_source_id_id", "source_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sources.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    text: Mapped[str]
