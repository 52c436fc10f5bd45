"""What each person did last on a board, so that they can take it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class BoardEditRow(Base):
    """One card of one step. A step may hold many cards.

    The versions make a chain: this step is the last thing that happened to the card while the card is at
    `version_after`, and once it is undone, while the card is at `version_before`.
    """

    __tablename__ = "board_edits"
    __table_args__ = (sa.Index("ix_board_edits_board_id_person_id_step", "board_id", "person_id", "step"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    step: Mapped[int] = mapped_column(sa.BigInteger)
    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version_before: Mapped[int]
    version_after: Mapped[int]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
