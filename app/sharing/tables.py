"""Teams, who is in them, and what is shared with whom."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

NEW_ID = sa.text("gen_random_uuid()")
AUDIENCE = "coalesce(person_id, team_id, '00000000-0000-0000-0000-000000000000'::uuid)"


class TeamRow(Base):
    __tablename__ = "teams"
    __table_args__ = (sa.Index("uq_teams_name", sa.text("lower(name)"), unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class TeamMemberRow(Base):
    __tablename__ = "team_members"

    team_id: Mapped[UUID] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_lead: Mapped[bool] = mapped_column(server_default=sa.false())
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class ShareRow(Base):
    """One thing for one audience. `everybody` is said in so many words: nothing opens up because a column is empty."""

    __tablename__ = "shares"
    __table_args__ = (
        sa.CheckConstraint(
            "kind in ('board', 'dataset', 'template', 'report', 'schedule', 'query', 'document')", name="kind"
        ),
        sa.CheckConstraint("level in ('view', 'edit')", name="level"),
        sa.CheckConstraint("num_nonnulls(person_id, team_id) + everybody::int = 1", name="one_audience"),
        # Begins with what every look at a thing asks for, so it is the index for that too.
        sa.Index("uq_shares_audience", "kind", "thing_id", sa.text(AUDIENCE), unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    kind: Mapped[str]
    # No foreign key: it names a row of one of five tables. Whoever deletes that row forgets its shares.
    thing_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    everybody: Mapped[bool] = mapped_column(server_default=sa.false())
    level: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
