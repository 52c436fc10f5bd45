"""What people are told, in the app and by mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("about_kind", sa.String(), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(about_kind is null) = (about_id is null)", name=op.f("ck_notices_about")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notices_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("person_id", "key", name=op.f("uq_notices_person_id_key")),
    )
    op.create_index("ix_notices_person_id_at_id", "notices", ["person_id", "at", "id"])
    op.create_index("ix_notices_unread", "notices", ["person_id"], postgresql_where=sa.text("read_at is null"))
    op.create_index("ix_notices_item_id", "notices", ["item_id"])
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "notice_settings",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("muted", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("mail", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("mail_since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mail in ('off', 'daily', 'hourly')", name=op.f("ck_notice_settings_mail")),
        sa.CheckConstraint("hour between 0 and 23", name=op.f("ck_notice_settings_hour")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notice_settings_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notice_settings")),
    )
    op.create_table(
        "notice_digests",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notice_digests_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "occasion", name=op.f("pk_notice_digests")),
    )
    op.create_index(op.f("ix_notice_digests_at"), "notice_digests", ["at"])


def downgrade() -> None:
    op.drop_table("notice_digests")
    op.drop_table("notice_settings")
    op.drop_table("notices")
