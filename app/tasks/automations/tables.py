"""Rules and what they did, recurring cards, templates of cards. All of it goes with its board.

Columns, labels and people that a rule names stand in its JSON: one that is gone makes the rule say so, not vanish.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.tasks.tables import NEW_ID

MOMENT = sa.DateTime(timezone=True)


class RuleRow(Base):
    """`next_look_at` is when a rule that waits for time looks for cards again; None for those that wait for events."""

    __tablename__ = "automation_rules"
    __table_args__ = (
        sa.Index("ix_automation_rules_board_id_position", "board_id", "position"),
        sa.Index("ix_automation_rules_next_look_at", "next_look_at", postgresql_where=sa.text("enabled")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    name: Mapped[str]
    when: Mapped[dict[str, Any]] = mapped_column("trigger", JSONB)
    condition: Mapped[str] = mapped_column(server_default=sa.text("''"))
    then: Mapped[list[dict[str, Any]]] = mapped_column("actions", JSONB)
    enabled: Mapped[bool] = mapped_column(server_default=sa.true())
    zone: Mapped[str]
    position: Mapped[int]
    next_look_at: Mapped[datetime | None] = mapped_column(MOMENT)
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    changed_at: Mapped[datetime] = mapped_column(MOMENT)


class RunRow(Base):
    """The unique triple is what makes a second run for the same occasion impossible, whoever ticks."""

    __tablename__ = "automation_runs"
    __table_args__ = (
        sa.UniqueConstraint("rule_id", "card_id", "occasion"),
        sa.CheckConstraint("outcome IN ('done', 'nothing', 'failed', 'stopped')", name="outcome_known"),
        sa.Index("ix_automation_runs_rule_id_id", "rule_id", "id"),
        sa.Index("ix_automation_runs_at", "at"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("automation_rules.id", ondelete="CASCADE"))
    # No foreign key: the log outlives the card.
    card_id: Mapped[UUID]
    card_number: Mapped[int]
    card: Mapped[str]
    occasion: Mapped[str]
    at: Mapped[datetime] = mapped_column(MOMENT)
    outcome: Mapped[str]
    text: Mapped[str]


class RecurrenceRow(Base):
    """A card that is made again and again. Without a column: in the first one of the board."""

    __tablename__ = "card_recurrences"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('cron', 'interval', 'once')", name="kind_known"),
        sa.Index("ix_card_recurrences_board_id", "board_id"),
        sa.Index("ix_card_recurrences_next_at", "next_at", postgresql_where=sa.text("enabled")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    column_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("board_columns.id", ondelete="SET NULL"))
    lane_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("board_lanes.id", ondelete="SET NULL"))
    kind: Mapped[str]
    cron: Mapped[str | None]
    every_seconds: Mapped[int | None]
    starts_at: Mapped[datetime | None] = mapped_column(MOMENT)
    zone: Mapped[str]
    until: Mapped[date | None]
    only_if_done: Mapped[bool]
    enabled: Mapped[bool] = mapped_column(server_default=sa.true())
    next_at: Mapped[datetime | None] = mapped_column(MOMENT)
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    changed_at: Mapped[datetime] = mapped_column(MOMENT)


class OccasionRow(Base):
    """One moment of a recurring card and what came of it: at most one card, whoever ticks."""

    __tablename__ = "card_recurrence_runs"
    __table_args__ = (
        sa.UniqueConstraint("recurrence_id", "occasion"),
        sa.CheckConstraint("outcome IN ('made', 'skipped', 'failed')", name="outcome_known"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    recurrence_id: Mapped[UUID] = mapped_column(sa.ForeignKey("card_recurrences.id", ondelete="CASCADE"))
    occasion: Mapped[datetime] = mapped_column(MOMENT)
    at: Mapped[datetime] = mapped_column(MOMENT)
    outcome: Mapped[str]
    text: Mapped[str]
    # No foreign key: the log outlives the card.
    card_id: Mapped[UUID | None]


class TemplateRow(Base):
    __tablename__ = "card_templates"
    __table_args__ = (
        sa.Index("uq_card_templates_board_id_name", "board_id", sa.func.lower(sa.literal_column("name")), unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    name: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    changed_at: Mapped[datetime] = mapped_column(MOMENT)


class UpkeepRow(Base):
    """When the automatic archive looks at a board again."""

    __tablename__ = "board_upkeep"

    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(MOMENT)
