"""Invitations, links that open a form once, the mail account for letters, and addresses that are known to be read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.text("gen_random_uuid()")
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("accepted_at is null and revoked_at is null")
OLDEST = """update smtp_accounts set is_system = true
where id = (select id from smtp_accounts order by created_at, id limit 1)"""


def upgrade() -> None:
    op.add_column("smtp_accounts", sa.Column("is_system", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(OLDEST)
    op.create_index(
        "uq_smtp_accounts_is_system",
        "smtp_accounts",
        ["is_system"],
        unique=True,
        postgresql_where=sa.text("is_system"),
    )
    op.add_column("people", sa.Column("email_verified_at", TIME, nullable=True))
    # Until now only administrators made accounts, and they knew whose address it was.
    op.execute("update people set email_verified_at = created_at")
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), server_default=ID, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("accepted_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_invitations_email_lower")),
        sa.CheckConstraint("role in ('viewer', 'member', 'author', 'admin')", name=op.f("ck_invitations_role")),
        sa.CheckConstraint("accepted_at is null or revoked_at is null", name=op.f("ck_invitations_one_end")),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["people.id"], name=op.f("fk_invitations_invited_by_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index("uq_invitations_email_open", "invitations", ["email"], unique=True, postgresql_where=OPEN)
    op.create_table(
        "reset_links",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_reset_links_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reset_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reset_links_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("reset_links")
    op.drop_table("invitations")
    op.drop_column("people", "email_verified_at")
    op.drop_index("uq_smtp_accounts_is_system", "smtp_accounts")
    op.drop_column("smtp_accounts", "is_system")
