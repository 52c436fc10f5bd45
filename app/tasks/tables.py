"""Boards, their columns and cards, and the two logs that no statement may change."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.core.db import Base

# Ranks compare by byte, as Python compares them, whatever the locale of the database is.
RANK = sa.Text(collation="C")
NEW_ID = sa.text("gen_random_uuid()")
NO_LIST = sa.text("'[]'::jsonb")
NO_FIELDS = sa.text("'{}'::jsonb")


class BoardRow(Base):
    __tablename__ = "boards"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    name: Mapped[str]
    # Grows with every change of the board or of a card on it: one number tells whether to look again.
    revision: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("1"))
    # Whoever knows an older revision has to read all: a card that is gone for good leaves no row to tell it.
    whole_from: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    last_number: Mapped[int] = mapped_column(server_default=sa.text("0"))
    # Of its name, columns, lanes and labels: who changes them says which ones they saw.
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=NO_FIELDS)
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    archived_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ColumnRow(Base):
    __tablename__ = "board_columns"
    __table_args__ = (
        sa.UniqueConstraint("board_id", "id", name="uq_board_columns_board_id_id"),
        # Checked at the end of a statement, so that one UPDATE may renumber all.
        sa.UniqueConstraint("board_id", "rank", deferrable=True, initially="IMMEDIATE"),
        sa.CheckConstraint("wip_limit > 0", name="wip_limit_positive"),
        sa.CheckConstraint("wip_mode IN ('block', 'warn')", name="wip_mode_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    name: Mapped[str]
    rank: Mapped[str] = mapped_column(RANK)
    is_done: Mapped[bool]
    wip_limit: Mapped[int | None]
    wip_mode: Mapped[str] = mapped_column(server_default=sa.text("'block'"))
    wip_per_lane: Mapped[bool] = mapped_column(server_default=sa.false())


class LaneRow(Base):
    """A lane groups the cards of every column; their order stays that of the column."""

    __tablename__ = "board_lanes"
    __table_args__ = (
        sa.UniqueConstraint("board_id", "id", name="uq_board_lanes_board_id_id"),
        sa.UniqueConstraint("board_id", "rank", deferrable=True, initially="IMMEDIATE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    name: Mapped[str]
    rank: Mapped[str] = mapped_column(RANK)


class LabelRow(Base):
    __tablename__ = "board_labels"
    __table_args__ = (
        sa.Index("uq_board_labels_board_id_name", "board_id", sa.text("lower(name)"), unique=True),
        sa.CheckConstraint(
            "color IN ('gray', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink')",
            name="color_known",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    name: Mapped[str]
    color: Mapped[str]


class CardAssigneeRow(Base):
    __tablename__ = "card_assignees"

    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True, index=True)


class CardLabelRow(Base):
    __tablename__ = "card_labels"

    card_id: Mapped[UUID] = mapped_column(sa.ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    label_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("board_labels.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def _array(ids: sa.Select[UUID]) -> sa.Function[list[UUID]]:
    return sa.func.array(ids.scalar_subquery(), type_=sa.ARRAY(sa.Uuid()))


class CardRow(Base):
    __tablename__ = "cards"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["board_id", "column_id"],
            ["board_columns.board_id", "board_columns.id"],
            name="fk_cards_column_of_the_same_board",
        ),
        sa.ForeignKeyConstraint(
            ["board_id", "lane_id"],
            ["board_lanes.board_id", "board_lanes.id"],
            name="fk_cards_lane_of_the_same_board",
        ),
        sa.UniqueConstraint("column_id", "rank", deferrable=True, initially="IMMEDIATE"),
        sa.UniqueConstraint("board_id", "number"),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high', 'urgent')", name="priority_known"),
        sa.CheckConstraint("category IN ('in_progress', 'accomplishment', 'highlight')", name="category_known"),
        sa.CheckConstraint("start_on <= due_on", name="starts_before_due"),
        sa.CheckConstraint(
            "(archived_at IS NULL) = (column_id IS NOT NULL) AND (column_id IS NULL) = (rank IS NULL)",
            name="in_a_column_or_archived",
        ),
        sa.CheckConstraint("estimate >= 0", name="estimate_not_negative"),
        sa.Index("ix_cards_board_id_archived_at", "board_id", "archived_at"),
        sa.Index("ix_cards_board_id_revision", "board_id", "revision"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=NEW_ID)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    number: Mapped[int]
    column_id: Mapped[UUID | None]
    lane_id: Mapped[UUID | None]
    rank: Mapped[str | None] = mapped_column(RANK)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=sa.text("''"))
    priority: Mapped[str]
    category: Mapped[str]
    start_on: Mapped[date | None]
    due_on: Mapped[date | None]
    estimate: Mapped[float | None] = mapped_column(sa.Numeric(8, 2, asdecimal=False))
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    # That of the board when this card, or anything that is shown on it, last changed.
    revision: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("1"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    archived_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))

    # Read with the card in one statement; changed by writing their tables (see belongings.py), which sets them too.
    assignee_ids: Mapped[list[UUID]] = column_property(
        _array(sa.select(CardAssigneeRow.person_id).where(CardAssigneeRow.card_id == id)), expire_on_flush=False
    )
    label_ids: Mapped[list[UUID]] = column_property(
        _array(sa.select(CardLabelRow.label_id).where(CardLabelRow.card_id == id)), expire_on_flush=False
    )


def is_open(card: type[CardRow]) -> sa.ColumnElement[bool]:
    """Neither done nor archived: such a card holds up what waits for it. `card` may be an alias."""
    return sa.and_(card.completed_at.is_(None), card.archived_at.is_(None))


class TransitionRow(Base):
    """What happened to a card, with the card as it was afterwards: any past day can be told from this table alone.

    No foreign key but the board: the log outlives cards, columns and people, and goes with its board.
    """

    __tablename__ = "card_transitions"
    __table_args__ = (
        sa.CheckConstraint(
            "kind IN ('created', 'moved', 'changed', 'archived', 'revived', 'deleted')", name="kind_known"
        ),
        sa.Index("ix_card_transitions_board_id_card_id_at_id", "board_id", "card_id", "at", "id"),
        sa.Index("ix_card_transitions_card_id_id", "card_id", "id"),
        sa.Index("ix_card_transitions_board_id_at_id", "board_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    card_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    person_id: Mapped[UUID | None]
    person: Mapped[str]
    from_column_id: Mapped[UUID | None]
    from_column: Mapped[str | None]
    to_column_id: Mapped[UUID | None]
    to_column: Mapped[str | None]
    from_lane_id: Mapped[UUID | None]
    from_lane: Mapped[str | None]
    to_lane_id: Mapped[UUID | None]
    to_lane: Mapped[str | None]
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=NO_FIELDS)
    number: Mapped[int | None]
    title: Mapped[str]
    priority: Mapped[str]
    category: Mapped[str]
    assignees: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=NO_LIST)  # id and name of each
    labels: Mapped[list[str]] = mapped_column(JSONB, server_default=NO_LIST)
    estimate: Mapped[float | None] = mapped_column(sa.Numeric(8, 2, asdecimal=False))
    due_on: Mapped[date | None]
    completed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    imported: Mapped[bool] = mapped_column(server_default=sa.false())

    # Not stored: who wrote the line may know that nothing waits for the card, or that no rule listens to its board.
    holds_up = True
    has_rules = True


class ColumnChangeRow(Base):
    """A column as it was from `at` on: past summaries show the columns of their own time."""

    __tablename__ = "board_column_changes"
    __table_args__ = (sa.Index("ix_board_column_changes_board_id_column_id_id", "board_id", "column_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    board_id: Mapped[UUID] = mapped_column(sa.ForeignKey("boards.id", ondelete="CASCADE"))
    column_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    person_id: Mapped[UUID | None]
    name: Mapped[str]
    position: Mapped[int]
    is_done: Mapped[bool]
    wip_limit: Mapped[int | None]
    removed: Mapped[bool]
