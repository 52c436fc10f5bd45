"""Filters that people keep, and which one somebody starts with on a board."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.tasks.tables import NEW_ID


class FilterRow(Base):
    """One of the board when it is shared, otherwise of whoever made it alone."""

    __tablename__ = "board_filters"
    __table_args__ = (
        sa.Index("uq_board_filters_shared_name", "board_id", sa.text("lower(name)"), unique=True,
                 postgresql_where=sa.text("shared")),
        sa.Index("uq_board_filters_own_name", "board_id", "owner_id", sa.text("lower(name)"), unique=True,
                 postgresql_where=sa.text("NOT shared")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    name: Mapped[str]
    text: Mapped[str]
    shared: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class DefaultFilterRow(Base):
    __tablename__ = "board_filter_defaults"

    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True)
    filter_id: Mapped[UUID] = mapped_column(sa.ForeignKey("board_filters.id", ondelete="CASCADE"), index=True)
