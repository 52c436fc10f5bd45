"""Private links to the dates of a board."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CalendarFeedRow(Base):
    """One a person and board. The link itself is shown once; here lies what it can be recognised by."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "board_id"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("alarm_hours between 0 and 168", name="alarm_within_a_week"),
        sa.Index("ix_calendar_feeds_board_id", "board_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"))
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    alarm_hours: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
