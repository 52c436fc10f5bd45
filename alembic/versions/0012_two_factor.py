"""Two-factor sign-in: secrets of authenticators, recovery codes, half-finished sign-ins, and who must use it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "two_factor",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("new_secret", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_two_factor")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_two_factor_person_id_people"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("(secret is null) = (confirmed_at is null)", name=op.f("ck_two_factor_confirmed")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id_people"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_recovery_codes_person_id"), "recovery_codes", ["person_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_sign_ins")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_pending_sign_ins_person_id_people"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_pending_sign_ins_person_id"), "pending_sign_ins", ["person_id"])
    op.create_table(
        "access_policy",
        sa.Column("is_set", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("two_factor_from", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("is_set", name=op.f("pk_access_policy")),
        sa.CheckConstraint("is_set", name=op.f("ck_access_policy_single_row")),
        sa.CheckConstraint(
            "two_factor_from in ('viewer', 'member', 'author', 'admin')", name=op.f("ck_access_policy_role")
        ),
    )


def downgrade() -> None:
    for table in ("access_policy", "pending_sign_ins", "recovery_codes", "two_factor"):
        op.drop_table(table)
