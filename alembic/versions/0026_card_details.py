"""Checklists, comments, notes, files and dependencies of cards."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NEW_ID = sa.text("gen_random_uuid()")
EMPTY = sa.text("''")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "card_checklist_items",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("list", sa.String(), server_default=EMPTY, nullable=False),
        sa.Column("rank", sa.Text(collation="C"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_a_card("card_checklist_items"),
        _by_a_person("card_checklist_items", "done_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_checklist_items")),
        sa.UniqueConstraint(
            "card_id",
            "rank",
            name=op.f("uq_card_checklist_items_card_id_rank"),
            deferrable=True,
            initially="IMMEDIATE",
        ),
    )
    _create_written("card_comments", sa.Column("text", sa.String(), nullable=False), _edited(), order=["created_at"])
    _create_written(
        "card_notes",
        sa.Column("day", sa.Date(), nullable=False),
        *(
            sa.Column(part, sa.String(), server_default=EMPTY, nullable=False)
            for part in ("text", "issue", "analysis", "timeline", "resolution")
        ),
        _edited(),
        order=["day", "created_at"],
    )
    _create_written(
        "card_files",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.UniqueConstraint("key", name=op.f("uq_card_files_key")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_card_files_size_counted")),
        order=["created_at"],
    )
    op.create_table(
        "card_blockers",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("blocker_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("card_id <> blocker_id", name=op.f("ck_card_blockers_not_itself")),
        _of_a_card("card_blockers"),
        _of_a_card("card_blockers", "blocker_id"),
        sa.PrimaryKeyConstraint("card_id", "blocker_id", name=op.f("pk_card_blockers")),
    )
    op.create_index("ix_card_blockers_blocker_id", "card_blockers", ["blocker_id"])


def downgrade() -> None:
    for table in ("card_blockers", "card_files", "card_notes", "card_comments", "card_checklist_items"):
        op.drop_table(table)


def _create_written(table: str, *parts: sa.Column | sa.Constraint, order: list[str]) -> None:
    """What one person has put on a card, and how its lists are sorted."""
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        *parts,
        _of_a_card(table),
        _by_a_person(table, "author_id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    columns = ["card_id", *order, "id"]
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _edited() -> sa.Column:
    return sa.Column("edited_at", MOMENT, nullable=True)


def _of_a_card(table: str, column: str = "card_id") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_cards")
    return sa.ForeignKeyConstraint([column], ["cards.id"], name=name, ondelete="CASCADE")


def _by_a_person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["people.id"], name=op.f(f"fk_{table}_{column}_people"))
