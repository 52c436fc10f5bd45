"""Rejected rows that were mended, and each try to mend one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replays",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=True),
        sa.Column("raw", sa.String(), nullable=True),
        sa.Column("failures", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.CheckConstraint("values is null or raw is null", name=op.f("ck_replays_one_way")),
        sa.PrimaryKeyConstraint("batch_id", "row", "id", name=op.f("pk_replays")),
    )
    op.create_index(
        "uq_replays_stored", "replays", ["batch_id", "row"], unique=True, postgresql_where=sa.text("stored")
    )


def downgrade() -> None:
    op.drop_table("replays")
