"""Each version of a schema is kept, and when it was applied."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEPT = """
insert into dataset_versions (dataset_id, version, definition, changed_by, changed_at, applied_at, note)
select id, version,
       jsonb_build_object('columns', columns, 'rules', rules, 'key', key, 'mode', mode,
                          'max_reject_share', max_reject_share),
       owner_id, changed_at, changed_at, 'As it was when versions began to be kept'
  from datasets
"""


def upgrade() -> None:
    op.create_table(
        "dataset_versions",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("renamed", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_versions_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["people.id"], name=op.f("fk_dataset_versions_changed_by_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "version", name=op.f("pk_dataset_versions")),
    )
    op.create_table(
        "revalidations",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("renamed", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_revalidations_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["people.id"], name=op.f("fk_revalidations_requested_by_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_revalidations")),
    )
    op.create_table(
        "revalidated_batches",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("rows_valid", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("dialect", postgresql.JSONB(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["revalidations.dataset_id"],
            name=op.f("fk_revalidated_batches_dataset_id_revalidations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset_id", "batch_id", name=op.f("pk_revalidated_batches")),
    )
    op.execute(KEPT)


def downgrade() -> None:
    op.drop_table("revalidated_batches")
    op.drop_table("revalidations")
    op.drop_table("dataset_versions")
