"""Versions of boards and of progress notes, and notices by their key."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW_ID = sa.text("gen_random_uuid()")


def upgrade() -> None:
    op.add_column("boards", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_index("ix_notices_key", "notices", ["key"])
    op.create_table(
        "card_note_versions",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("analysis", sa.String(), nullable=False),
        sa.Column("timeline", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"], ["card_notes.id"], name=op.f("fk_card_note_versions_note_id_card_notes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_note_versions")),
    )
    op.create_index("ix_card_note_versions_note_id_until", "card_note_versions", ["note_id", "until"])


def downgrade() -> None:
    op.drop_table("card_note_versions")
    op.drop_index("ix_notices_key", "notices")
    op.drop_column("boards", "version")
