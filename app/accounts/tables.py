"""People, their sessions and keys, and the answers kept for repeated requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.sealed import sealed


class PersonRow(Base):
    __tablename__ = "people"
    __table_args__ = (
        sa.UniqueConstraint("email"),
        # Stored in lower case only, so that the plain unique constraint is case-insensitive.
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        sa.CheckConstraint("role in ('viewer', 'member', 'author', 'admin')", name="role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    email: Mapped[str]
    # When it was last shown that this person reads mail to this address; an administrator's word counts.
    email_verified_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    name: Mapped[str]
    job_title: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=sa.true())
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class SessionRow(Base):
    """A browser that is signed in. Only the hash of its token is known here."""

    __tablename__ = "sessions"
    __table_args__ = (sa.UniqueConstraint("token_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    token_hash: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ip: Mapped[str | None]
    user_agent: Mapped[str] = mapped_column(server_default="")


class ApiKeyRow(Base):
    __tablename__ = "api_keys"
    __table_args__ = (sa.UniqueConstraint("key_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.String))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_used_ip: Mapped[str | None]


class IdempotentResponseRow(Base):
    """Written in the transaction of the request itself: it exists exactly when the request took effect.

    `status` is null until the answer is known; a crash between commit and answer leaves it so for good.
    """

    __tablename__ = "idempotent_responses"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None]


class RateLimitRow(Base):
    """When all that was spent under this key is earned again. Not logged: a crash of the database only forgives."""

    __tablename__ = "rate_limits"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(primary_key=True)
    earned_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class KnownDeviceRow(Base):
    """A browser in which this person has signed in. Only the hash of its token is known here."""

    __tablename__ = "known_devices"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class TwoFactorRow(Base):
    """`secret` is in force since `confirmed_at`; `new_secret` waits for the first code that proves it was taken over.

    Both are encrypted. `last_step` is the interval of the last code that was accepted: none works twice.
    """

    __tablename__ = "two_factor"
    __table_args__ = (sa.CheckConstraint("(secret is null) = (confirmed_at is null)", name="confirmed"),)

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str | None] = mapped_column(info=sealed("secrets of two-factor sign-in"))
    confirmed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_step: Mapped[int | None] = mapped_column(sa.BigInteger)
    new_secret: Mapped[str | None] = mapped_column(info=sealed("two-factor sign-in being set up", passing=True))


class RecoveryCodeRow(Base):
    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class PendingSignInRow(Base):
    """Somebody whose first proof held, and who has not given the second one yet."""

    __tablename__ = "pending_sign_ins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(server_default="0")


class AccessPolicyRow(Base):
    """One row at most; none means that nothing was ever set."""

    __tablename__ = "access_policy"
    __table_args__ = (
        sa.CheckConstraint("is_set", name="single_row"),
        sa.CheckConstraint("two_factor_from in ('viewer', 'member', 'author', 'admin')", name="role"),
    )

    is_set: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    two_factor_from: Mapped[str | None]
