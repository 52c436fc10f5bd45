"""Imports of boards and private calendar links."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW_ID = sa.text("gen_random_uuid()")
EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    op.create_table(
        "board_imports",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("wishes", JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("report", JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("format in ('trello', 'csv')", name=op.f("ck_board_imports_format")),
        sa.CheckConstraint("state in ('running', 'done', 'failed')", name=op.f("ck_board_imports_state")),
        sa.CheckConstraint(
            "(state = 'done') = (board_id is not null)", name=op.f("ck_board_imports_done_with_a_board")
        ),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_imports_board_id_boards"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_board_imports_person_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_imports")),
    )
    op.create_index("ix_board_imports_sha256", "board_imports", ["sha256"])
    op.create_index("ix_board_imports_board_id", "board_imports", ["board_id"])
    _create_feeds()


def _create_feeds() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("alarm_hours", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.CheckConstraint("alarm_hours between 0 and 168", name=op.f("ck_calendar_feeds_alarm_within_a_week")),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_calendar_feeds_board_id_boards"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_calendar_feeds_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("person_id", "board_id", name=op.f("uq_calendar_feeds_person_id_board_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feeds_token_hash")),
    )
    op.create_index("ix_calendar_feeds_board_id", "calendar_feeds", ["board_id"])


def downgrade() -> None:
    op.drop_table("calendar_feeds")
    op.drop_table("board_imports")
