"""Rules, recurring cards and templates of cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NEW_ID = sa.text("gen_random_uuid()")
MOMENT = sa.DateTime(timezone=True)
ENABLED = sa.text("enabled")


def upgrade() -> None:
    _create_on_board(
        "automation_rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("trigger", postgresql.JSONB(), nullable=False),
        sa.Column("condition", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("next_look_at", MOMENT, nullable=True),
    )
    op.create_index("ix_automation_rules_board_id_position", "automation_rules", ["board_id", "position"])
    op.create_index("ix_automation_rules_next_look_at", "automation_rules", ["next_look_at"], postgresql_where=ENABLED)
    _create_runs()
    _create_recurrences()
    _create_on_board(
        "card_templates",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
    )
    op.create_index(
        "uq_card_templates_board_id_name", "card_templates", ["board_id", sa.text("lower(name)")], unique=True
    )
    op.create_table(
        "board_upkeep",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        _of("board_upkeep", "board_id", "boards", "CASCADE"),
        sa.PrimaryKeyConstraint("board_id", name=op.f("pk_board_upkeep")),
    )


def downgrade() -> None:
    for table in (
        "board_upkeep",
        "card_templates",
        "card_recurrence_runs",
        "card_recurrences",
        "automation_runs",
        "automation_rules",
    ):
        op.drop_table(table)


def _create_runs() -> None:
    op.create_table(
        "automation_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("card_number", sa.Integer(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'nothing', 'failed', 'stopped')", name=op.f("ck_automation_runs_outcome_known")
        ),
        _of("automation_runs", "rule_id", "automation_rules", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_runs")),
        sa.UniqueConstraint("rule_id", "card_id", "occasion", name=op.f("uq_automation_runs_rule_id_card_id_occasion")),
    )
    op.create_index("ix_automation_runs_rule_id_id", "automation_runs", ["rule_id", "id"])
    op.create_index("ix_automation_runs_at", "automation_runs", ["at"])


def _create_recurrences() -> None:
    _create_on_board(
        "card_recurrences",
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("column_id", sa.Uuid(), nullable=True),
        sa.Column("lane_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("only_if_done", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('cron', 'interval', 'once')", name=op.f("ck_card_recurrences_kind_known")),
        _of("card_recurrences", "column_id", "board_columns", "SET NULL"),
        _of("card_recurrences", "lane_id", "board_lanes", "SET NULL"),
    )
    op.create_index("ix_card_recurrences_board_id", "card_recurrences", ["board_id"])
    op.create_index("ix_card_recurrences_next_at", "card_recurrences", ["next_at"], postgresql_where=ENABLED)
    op.create_table(
        "card_recurrence_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("recurrence_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", MOMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('made', 'skipped', 'failed')", name=op.f("ck_card_recurrence_runs_outcome_known")
        ),
        _of("card_recurrence_runs", "recurrence_id", "card_recurrences", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_recurrence_runs")),
        sa.UniqueConstraint("recurrence_id", "occasion", name=op.f("uq_card_recurrence_runs_recurrence_id_occasion")),
    )


def _create_on_board(table: str, *parts: sa.Column | sa.Constraint) -> None:
    """What somebody has made for one board."""
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        *parts,
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _of(table, "board_id", "boards", "CASCADE"),
        _of(table, "owner_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _of(table: str, column: str, other: str, gone: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=gone)
