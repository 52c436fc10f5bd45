"""Filters that people keep, and a quick way through what happened on a board."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

LOWER_NAME = sa.text("lower(name)")


def upgrade() -> None:
    op.create_table(
        "board_filters",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_filters_board_id_boards"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_board_filters_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_filters")),
    )
    op.create_index(
        "uq_board_filters_shared_name",
        "board_filters",
        ["board_id", LOWER_NAME],
        unique=True,
        postgresql_where=sa.text("shared"),
    )
    op.create_index(
        "uq_board_filters_own_name",
        "board_filters",
        ["board_id", "owner_id", LOWER_NAME],
        unique=True,
        postgresql_where=sa.text("NOT shared"),
    )
    op.create_table(
        "board_filter_defaults",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("filter_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_filter_defaults_board_id_boards"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_board_filter_defaults_person_id_people")),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["board_filters.id"],
            name=op.f("fk_board_filter_defaults_filter_id_board_filters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("board_id", "person_id", name=op.f("pk_board_filter_defaults")),
    )
    op.create_index(op.f("ix_board_filter_defaults_filter_id"), "board_filter_defaults", ["filter_id"])
    op.create_index("ix_card_transitions_board_id_at_id", "card_transitions", ["board_id", "at", "id"])


def downgrade() -> None:
    op.drop_index("ix_card_transitions_board_id_at_id", "card_transitions")
    op.drop_table("board_filter_defaults")
    op.drop_table("board_filters")
