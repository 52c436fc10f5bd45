"""Mail accounts, and the ledger: one row for each message to each recipient."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.sealed import sealed


class SmtpAccountRow(Base):
    __tablename__ = "smtp_accounts"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("security in ('starttls', 'tls')", name="security"),
        sa.CheckConstraint("port between 1 and 65535", name="port"),
        sa.Index("uq_smtp_accounts_is_system", "is_system", unique=True, postgresql_where=sa.text("is_system")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    name: Mapped[str]
    host: Mapped[str]
    port: Mapped[int]
    security: Mapped[str]
    username: Mapped[str]
    password_encrypted: Mapped[str] = mapped_column(info=sealed("passwords of mail accounts"))
    from_address: Mapped[str]
    from_name: Mapped[str]
    ca_pem: Mapped[str] = mapped_column(server_default="")
    # The one that sends invitations and letters about passwords.
    is_system: Mapped[bool] = mapped_column(server_default=sa.false())
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class DeliveryRow(Base):
    """The unique pair makes a second message for the same occasion to the same recipient impossible.

    The names of schedule and account are kept beside their ids: the ledger outlives them.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.UniqueConstraint("occasion", "recipient"),
        sa.UniqueConstraint("message_id"),
        sa.CheckConstraint("state in ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown')", name="state"),
        sa.CheckConstraint("channel in ('smtp', 'outbox')", name="channel"),
        sa.CheckConstraint("policy in ('never_twice', 'at_least_once')", name="policy"),
        sa.Index("ix_deliveries_newest", sa.text("created_at desc"), sa.text("id desc")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    occasion: Mapped[str]
    recipient: Mapped[str]
    channel: Mapped[str]
    policy: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued", index=True)
    phase: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    message_id: Mapped[str]
    subject: Mapped[str]
    smtp_code: Mapped[int | None]
    reply: Mapped[str | None]
    error: Mapped[str | None]
    eml_key: Mapped[str | None]
    eml_sha256: Mapped[str | None]
    eml_size: Mapped[int | None]
    sender: Mapped[str]
    schedule_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("schedules.id", ondelete="SET NULL"), index=True)
    schedule_name: Mapped[str]
    # Whom it was sent for. Of a letter about an account: nobody, so only administrators see it.
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"), index=True)
    fire_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("smtp_accounts.id", ondelete="SET NULL"))
    account_name: Mapped[str]
    # No foreign keys: reports and runs are cleaned up by age, the ledger stays.
    report_id: Mapped[UUID | None]
    run_id: Mapped[UUID | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    next_attempt_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
