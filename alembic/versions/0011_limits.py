"""What was spent lately, and the browsers that people have signed in with."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limits")),
        prefixes=["UNLOGGED"],
    )
    # Every request updates a row in place, so each page keeps room for the next version of its rows.
    op.execute("alter table rate_limits set (fillfactor = 50)")
    op.create_table(
        "known_devices",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_known_devices")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_known_devices_person_id_people"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_known_devices_person_id"), "known_devices", ["person_id"])
    op.add_column("api_keys", sa.Column("last_used_ip", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_keys", "last_used_ip")
    op.drop_table("known_devices")
    op.drop_table("rate_limits")
