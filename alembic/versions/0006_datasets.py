"""Datasets, batches, evidence, rejects and the Parquet catalogue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The typed tables of datasets live apart: their shape is the users' business, not a migration's.
    op.execute("create schema data")
    op.create_table(
        "rejects",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("failures", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "row", name=op.f("pk_rejects")),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("key", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("mode", sa.String(), server_default="append", nullable=False),
        sa.Column("max_reject_share", sa.Double(), server_default="1", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("row_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode <> 'upsert' or jsonb_array_length(key) > 0", name=op.f("ck_datasets_upsert_has_key")),
        sa.CheckConstraint("mode in ('append', 'replace', 'upsert')", name=op.f("ck_datasets_mode")),
        sa.CheckConstraint("max_reject_share between 0 and 1", name=op.f("ck_datasets_max_reject_share")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["people.id"], name=op.f("fk_datasets_owner_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("upload_key", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("dialect", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(), server_default="loading", nullable=False),
        sa.Column("next_block", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_byte", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_row", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("next_line", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("rows_in", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_valid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("duplicate_of", sa.BigInteger(), nullable=True),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status <> 'duplicate' or duplicate_of is not null", name=op.f("ck_batches_duplicate_of_what")
        ),
        sa.CheckConstraint("status <> 'published' or published_at is not null", name=op.f("ck_batches_published_when")),
        sa.CheckConstraint(
            "status in ('loading', 'held', 'published', 'duplicate', 'failed', 'undone')",
            name=op.f("ck_batches_status"),
        ),
        sa.CheckConstraint("rows_in = rows_valid + rows_rejected", name=op.f("ck_batches_rows_add_up")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_batches_created_by_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_batches_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["batches.id"], name=op.f("fk_batches_duplicate_of_batches"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["batches.id"], name=op.f("fk_batches_replaced_by_batches"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_dataset_id_id", "batches", ["dataset_id", "id"], unique=False)
    op.create_index(
        "uq_batches_live_bytes",
        "batches",
        ["dataset_id", "sha256"],
        unique=True,
        postgresql_where=sa.text("status in ('loading', 'held', 'published') and replaced_by is null"),
    )
    op.create_table(
        "data_files",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_data_files_batch_id_batches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "block", name=op.f("pk_data_files")),
        sa.UniqueConstraint("key", name=op.f("uq_data_files_key")),
    )
    op.create_table(
        "raw_blocks",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_byte", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("tolerant", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_raw_blocks_batch_id_batches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "block", name=op.f("pk_raw_blocks")),
    )
    op.create_index("ix_raw_blocks_batch_id_first_row", "raw_blocks", ["batch_id", "first_row"], unique=False)
    op.create_table(
        "reject_reasons",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_reject_reasons_batch_id_batches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "column", "rule", name=op.f("pk_reject_reasons")),
    )
    # The blocks are compressed already.
    op.execute("alter table raw_blocks alter column content set storage external")


def downgrade() -> None:
    for table in ("rejects", "reject_reasons", "raw_blocks", "data_files", "batches", "datasets"):
        op.drop_table(table)
    op.execute("drop schema data cascade")
