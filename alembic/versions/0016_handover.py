"""Who a message was sent for, so that they still find it when its schedule is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_deliveries_owner_id_people"), "deliveries", "people", ["owner_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(op.f("ix_deliveries_owner_id"), "deliveries", ["owner_id"])
    op.execute(
        "update deliveries set owner_id = schedules.owner_id from schedules where schedules.id = deliveries.schedule_id"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_deliveries_owner_id"), table_name="deliveries")
    op.drop_constraint(op.f("fk_deliveries_owner_id_people"), "deliveries")
    op.drop_column("deliveries", "owner_id")
