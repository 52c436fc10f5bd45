"""Boards, cards and their transitions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
RANK = sa.Text(collation="C")
NEW_ID = sa.text("gen_random_uuid()")
LOGS = ("card_transitions", "board_column_changes")


def upgrade() -> None:
    _create_boards()
    _create_cards()
    _create_logs()
    op.execute(
        "create function refuse_change() returns trigger language plpgsql as "
        "$$ begin raise exception 'table % is append-only', tg_table_name; end $$"
    )
    for table in LOGS:
        op.execute(
            f"create trigger append_only before update or delete on {table} "
            "for each statement execute function refuse_change()"
        )


def _create_boards() -> None:
    op.create_table(
        "boards",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_boards_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
    )
    op.create_table(
        "board_columns",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rank", RANK, nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("wip_limit", sa.Integer(), nullable=True),
        sa.CheckConstraint("wip_limit > 0", name=op.f("ck_board_columns_wip_limit_positive")),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_board_columns_board_id_boards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_columns")),
        sa.UniqueConstraint("board_id", "id", name=op.f("uq_board_columns_board_id_id")),
        sa.UniqueConstraint(
            "board_id", "rank", name=op.f("uq_board_columns_board_id_rank"), deferrable=True, initially="IMMEDIATE"
        ),
    )


def _create_cards() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("column_id", sa.Uuid(), nullable=True),
        sa.Column("rank", RANK, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("completed_at", TIME, nullable=True),
        sa.Column("archived_at", TIME, nullable=True),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high', 'urgent')", name=op.f("ck_cards_priority_known")),
        sa.CheckConstraint(
            "category IN ('in_progress', 'accomplishment', 'highlight')", name=op.f("ck_cards_category_known")
        ),
        sa.CheckConstraint("start_on <= due_on", name=op.f("ck_cards_starts_before_due")),
        sa.CheckConstraint(
            "(archived_at IS NULL) = (column_id IS NOT NULL) AND (column_id IS NULL) = (rank IS NULL)",
            name=op.f("ck_cards_in_a_column_or_archived"),
        ),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_cards_board_id_boards")),
        sa.ForeignKeyConstraint(
            ["board_id", "column_id"],
            ["board_columns.board_id", "board_columns.id"],
            name=op.f("fk_cards_column_of_the_same_board"),
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["people.id"], name=op.f("fk_cards_assignee_id_people")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_cards_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint(
            "column_id", "rank", name=op.f("uq_cards_column_id_rank"), deferrable=True, initially="IMMEDIATE"
        ),
    )
    op.create_index(op.f("ix_cards_board_id_archived_at"), "cards", ["board_id", "archived_at"])
    op.create_index(op.f("ix_cards_assignee_id"), "cards", ["assignee_id"])


def _create_logs() -> None:
    op.create_table(
        "card_transitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("from_column_id", sa.Uuid(), nullable=True),
        sa.Column("from_column", sa.String(), nullable=True),
        sa.Column("to_column_id", sa.Uuid(), nullable=True),
        sa.Column("to_column", sa.String(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.CheckConstraint(
            "kind IN ('created', 'moved', 'changed', 'archived', 'revived', 'deleted')",
            name=op.f("ck_card_transitions_kind_known"),
        ),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_card_transitions_board_id_boards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_transitions")),
    )
    op.create_index(
        op.f("ix_card_transitions_board_id_card_id_at_id"), "card_transitions", ["board_id", "card_id", "at", "id"]
    )
    op.create_index(op.f("ix_card_transitions_card_id_id"), "card_transitions", ["card_id", "id"])
    op.create_table(
        "board_column_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("column_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("wip_limit", sa.Integer(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_board_column_changes_board_id_boards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_column_changes")),
    )
    op.create_index(
        op.f("ix_board_column_changes_board_id_column_id_id"), "board_column_changes", ["board_id", "column_id", "id"]
    )


def downgrade() -> None:
    for table in (*reversed(LOGS), "cards", "board_columns", "boards"):
        op.drop_table(table)
    op.execute("drop function refuse_change()")
