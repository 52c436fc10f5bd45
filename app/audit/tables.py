"""The append-only trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

WRITTEN = ["at", "person_id", "person", "ip", "action", "subject", "details"]


class AuditRow(Base):
    __tablename__ = "audit"
    # Entries are added and read, their numbers are given by the database.
    __table_args__ = ({"info": {"app_may": [("select", None), ("insert", WRITTEN)]}},)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    # No foreign key: the trail outlives the people in it.
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    person: Mapped[str]
    ip: Mapped[str | None]
    action: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))


class AuditChainRow(Base):
    """The seal of each entry: a hash over it and over the seal before. Written by the database at commit only."""

    __tablename__ = "audit_chain"
    __table_args__ = ({"info": {"app_may": [("select", None)]}},)

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    hash: Mapped[bytes]
