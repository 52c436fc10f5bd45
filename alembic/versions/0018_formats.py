"""Files of many kinds: which sheet or member of a file a batch is, and where its bytes and its text lie."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "uq_batches_live_bytes"
LIVE = "status in ('loading', 'held', 'published') and replaced_by is null"


def upgrade() -> None:
    op.add_column("batches", sa.Column("original_key", sa.String()))
    op.add_column("batches", sa.Column("work_key", sa.String()))
    op.add_column("batches", sa.Column("work_size", sa.BigInteger()))
    op.add_column("batches", sa.Column("part", sa.String(), server_default="", nullable=False))
    op.drop_index(op.f(INDEX), "batches")
    op.create_index(
        op.f(INDEX), "batches", ["dataset_id", "sha256", "part"], unique=True, postgresql_where=sa.text(LIVE)
    )


def downgrade() -> None:
    """Of several parts of one file only the first stays under watch; the others stop being the same bytes."""
    op.drop_index(op.f(INDEX), "batches")
    op.execute("update batches set sha256 = sha256 || ':' || part where part <> ''")
    op.create_index(op.f(INDEX), "batches", ["dataset_id", "sha256"], unique=True, postgresql_where=sa.text(LIVE))
    for name in ("part", "work_size", "work_key", "original_key"):
        op.drop_column("batches", name)
