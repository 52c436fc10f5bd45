"""Teams and shares. What exists already stays open to everybody, as it was."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW_ID = sa.text("gen_random_uuid()")
AUDIENCE = "coalesce(person_id, team_id, '00000000-0000-0000-0000-000000000000'::uuid)"
KINDS = {
    "board": "boards",
    "dataset": "datasets",
    "template": "templates",
    "report": "reports",
    "schedule": "schedules",
}


def upgrade() -> None:
    _create_teams()
    _create_shares()
    for kind, table in KINDS.items():
        op.execute(
            "insert into shares (kind, thing_id, everybody, level, created_at) "  # noqa: S608  our own names
            f"select '{kind}', id, true, 'edit', now() from {table}"
        )


def _create_teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
    )
    op.create_index("uq_teams_name", "teams", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id_teams"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_team_members_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "person_id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_person_id"), "team_members", ["person_id"])


def _create_shares() -> None:
    op.create_table(
        "shares",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("everybody", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint(
            "kind in ('board', 'dataset', 'template', 'report', 'schedule')", name=op.f("ck_shares_kind")
        ),
        sa.CheckConstraint("level in ('view', 'edit')", name=op.f("ck_shares_level")),
        sa.CheckConstraint(
            "num_nonnulls(person_id, team_id) + everybody::int = 1", name=op.f("ck_shares_one_audience")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_shares_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_shares_team_id_teams"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index("uq_shares_audience", "shares", ["kind", "thing_id", sa.text(AUDIENCE)], unique=True)
    op.create_index(op.f("ix_shares_person_id"), "shares", ["person_id"])
    op.create_index(op.f("ix_shares_team_id"), "shares", ["team_id"])


def downgrade() -> None:
    for table in ("shares", "team_members", "teams"):
        op.drop_table(table)
