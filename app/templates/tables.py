"""Templates, and every version they ever had."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class TemplateRow(Base):
    __tablename__ = "templates"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(server_default=sa.text("''"))
    version: Mapped[int]
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class TemplateVersionRow(Base):
    """Only ever added: reports pin a number and must find what it was."""

    __tablename__ = "template_versions"
    __table_args__ = (sa.CheckConstraint("number > 0", name="number_positive"),)

    template_id: Mapped[UUID] = mapped_column(sa.ForeignKey("templates.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    theme: Mapped[dict[str, Any]] = mapped_column(JSONB)
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"), index=True)
    person: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
