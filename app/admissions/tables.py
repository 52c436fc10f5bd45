"""Ways in: invitations and links for a new password (hashes only), and the identities of other providers."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class InvitationRow(Base):
    __tablename__ = "invitations"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        sa.CheckConstraint("role in ('viewer', 'member', 'author', 'admin')", name="role"),
        sa.CheckConstraint("accepted_at is null or revoked_at is null", name="one_end"),
        sa.Index(
            "uq_invitations_email_open",
            "email",
            unique=True,
            postgresql_where=sa.text("accepted_at is null and revoked_at is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    email: Mapped[str]
    role: Mapped[str]
    team_ids: Mapped[list[UUID]] = mapped_column(ARRAY(sa.Uuid))
    invited_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    token_hash: Mapped[str]
    by_mail: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    sent_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ResetLinkRow(Base):
    """One for each person at most: a new link voids the older one, and using it deletes it.

    `mark` is what password and address looked like then: changing either of them voids the link too.
    """

    __tablename__ = "reset_links"
    __table_args__ = (sa.UniqueConstraint("token_hash"),)

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str]
    mark: Mapped[str]
    by_mail: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class IdentityRow(Base):
    """Somebody as another provider knows them: `subject` never changes there, an address may."""

    __tablename__ = "identities"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"), sa.UniqueConstraint("person_id", "issuer"))

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("gen_random_uuid()"))
    issuer: Mapped[str]
    subject: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"))
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class OidcAttemptRow(Base):
    """A browser was sent to the provider and is expected back, once."""

    __tablename__ = "oidc_attempts"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    browser_hash: Mapped[str]
    wanted: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
