"""Queries and documents can be shared."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BEFORE = "kind in ('board', 'dataset', 'template', 'report', 'schedule')"
AFTER = "kind in ('board', 'dataset', 'template', 'report', 'schedule', 'query', 'document')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_shares_kind"), "shares")
    op.create_check_constraint(op.f("ck_shares_kind"), "shares", AFTER)


def downgrade() -> None:
    op.execute("delete from shares where kind in ('query', 'document')")
    op.drop_constraint(op.f("ck_shares_kind"), "shares")
    op.create_check_constraint(op.f("ck_shares_kind"), "shares", BEFORE)
