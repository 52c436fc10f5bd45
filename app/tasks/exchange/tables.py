"""Which files became boards, and what of them could not."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class BoardImportRow(Base):
    """`report` stays as long as the board; `key` names the file in the storage until it has been read."""

    __tablename__ = "board_imports"
    __table_args__ = (
        sa.CheckConstraint("format in ('trello', 'csv')", name="format"),
        sa.CheckConstraint("state in ('running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state = 'done') = (board_id is not null)", name="done_with_a_board"),
        sa.Index("ix_board_imports_sha256", "sha256"),
        sa.Index("ix_board_imports_board_id", "board_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    board_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    format: Mapped[str]
    state: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=sa.text("''"))
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str]
    key: Mapped[str | None]
    # No foreign key: old runs are cleaned up, the report stays.
    run_id: Mapped[UUID | None]
    wishes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
