"""Lanes, labels, several assignees, numbers and estimates of cards, and how to undo."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
RANK = sa.Text(collation="C")
NEW_ID = sa.text("gen_random_uuid()")
JSONB = postgresql.JSONB()
NO_LIST, NO_FIELDS = sa.text("'[]'::jsonb"), sa.text("'{}'::jsonb")
LOGS = ("card_transitions", "board_column_changes")
OF_A_BOARD = ("cards", "board_columns", *LOGS)
COLORS = "'gray', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'"


def upgrade() -> None:
    _extend_boards()
    _create_lanes_and_labels()
    _extend_cards()
    for table in OF_A_BOARD:
        _refer_to_board(table, ondelete="CASCADE")
    for table in LOGS:
        op.execute(f"drop trigger append_only on {table}")
    _extend_transitions()
    _carry_over()
    op.drop_index(op.f("ix_cards_assignee_id"), table_name="cards")
    op.drop_constraint(op.f("fk_cards_assignee_id_people"), "cards")
    op.drop_column("cards", "assignee_id")
    op.drop_column("card_transitions", "assignee")
    op.execute(
        "create function refuse_change_of_log() returns trigger language plpgsql as $$ begin "
        "if tg_op = 'DELETE' and not exists (select from boards where id = old.board_id) then return old; end if; "
        "raise exception 'table % is append-only', tg_table_name; end $$"
    )
    for table in LOGS:
        op.execute(
            f"create trigger append_only before update or delete on {table} "
            "for each row execute function refuse_change_of_log()"
        )
    _create_edits()


def _extend_boards() -> None:
    op.add_column("boards", sa.Column("whole_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("boards", sa.Column("last_number", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("boards", sa.Column("options", JSONB, server_default=NO_FIELDS, nullable=False))
    op.add_column("boards", sa.Column("archived_at", TIME, nullable=True))
    op.add_column(
        "board_columns", sa.Column("wip_mode", sa.String(), server_default=sa.text("'block'"), nullable=False)
    )
    op.add_column("board_columns", sa.Column("wip_per_lane", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_check_constraint(
        op.f("ck_board_columns_wip_mode_known"), "board_columns", "wip_mode IN ('block', 'warn')"
    )


def _create_lanes_and_labels() -> None:
    op.create_table(
        "board_lanes",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rank", RANK, nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_lanes_board_id_boards"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_lanes")),
        sa.UniqueConstraint("board_id", "id", name=op.f("uq_board_lanes_board_id_id")),
        sa.UniqueConstraint(
            "board_id", "rank", name=op.f("uq_board_lanes_board_id_rank"), deferrable=True, initially="IMMEDIATE"
        ),
    )
    op.create_table(
        "board_labels",
        sa.Column("id", sa.Uuid(), server_default=NEW_ID, nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("color", sa.String(), nullable=False),
        sa.CheckConstraint(f"color IN ({COLORS})", name=op.f("ck_board_labels_color_known")),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_labels_board_id_boards"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_labels")),
    )
    op.create_index("uq_board_labels_board_id_name", "board_labels", ["board_id", sa.text("lower(name)")], unique=True)


def _extend_cards() -> None:
    op.add_column("cards", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("cards", sa.Column("lane_id", sa.Uuid(), nullable=True))
    op.add_column("cards", sa.Column("estimate", sa.Numeric(8, 2), nullable=True))
    op.add_column("cards", sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.create_check_constraint(op.f("ck_cards_estimate_not_negative"), "cards", "estimate >= 0")
    op.create_foreign_key(
        op.f("fk_cards_lane_of_the_same_board"),
        "cards",
        "board_lanes",
        ["board_id", "lane_id"],
        ["board_id", "id"],
    )
    op.create_index(op.f("ix_cards_board_id_revision"), "cards", ["board_id", "revision"])
    for table, other, person in (
        ("card_assignees", "people", "person_id"),
        ("card_labels", "board_labels", "label_id"),
    ):
        op.create_table(
            table,
            sa.Column("card_id", sa.Uuid(), nullable=False),
            sa.Column(person, sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ["card_id"], ["cards.id"], name=op.f(f"fk_{table}_card_id_cards"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                [person],
                [f"{other}.id"],
                name=op.f(f"fk_{table}_{person}_{other}"),
                ondelete="CASCADE" if other == "board_labels" else None,
            ),
            sa.PrimaryKeyConstraint("card_id", person, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{person}"), table, [person])


def _refer_to_board(table: str, ondelete: str | None) -> None:
    name = op.f(f"fk_{table}_board_id_boards")
    op.drop_constraint(name, table)
    op.create_foreign_key(name, table, "boards", ["board_id"], ["id"], ondelete=ondelete)


def _extend_transitions() -> None:
    for column in (
        sa.Column("from_lane_id", sa.Uuid(), nullable=True),
        sa.Column("from_lane", sa.String(), nullable=True),
        sa.Column("to_lane_id", sa.Uuid(), nullable=True),
        sa.Column("to_lane", sa.String(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("assignees", JSONB, server_default=NO_LIST, nullable=False),
        sa.Column("labels", JSONB, server_default=NO_LIST, nullable=False),
        sa.Column("estimate", sa.Numeric(8, 2), nullable=True),
        sa.Column("imported", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("card_transitions", column)


def _carry_over() -> None:
    """Cards are numbered in the order in which they were made; the log keeps who had a card, by name and by id."""
    op.execute(
        "update cards set number = counted.number, revision = boards.revision from boards, "
        "(select id, row_number() over (partition by board_id order by created_at, id) as number from cards) "
        "as counted where counted.id = cards.id and boards.id = cards.board_id"
    )
    op.execute(
        "update boards set last_number = coalesce((select max(number) from cards where board_id = boards.id), 0)"
    )
    op.alter_column("cards", "number", nullable=False)
    op.create_unique_constraint(op.f("uq_cards_board_id_number"), "cards", ["board_id", "number"])
    op.execute("insert into card_assignees select id, assignee_id from cards where assignee_id is not null")
    op.execute("update card_transitions set number = cards.number from cards where cards.id = card_transitions.card_id")
    op.execute(
        "update card_transitions set assignees = jsonb_build_array(jsonb_build_object('id', "
        "(select people.id from people where people.name = card_transitions.assignee order by people.id = "
        "(select assignee_id from cards where cards.id = card_transitions.card_id) desc nulls last limit 1), "
        "'name', assignee)) where assignee is not null"
    )
    op.execute(
        "update card_transitions set changes = (changes - 'assignee_id') || jsonb_build_object('assignees', (select "
        "jsonb_agg(case when had = 'null' then '[]' else jsonb_build_array(jsonb_build_object('id', had, 'name', "
        "coalesce((select name from people where people.id = (had #>> '{}')::uuid), 'Somebody who has left'))) end "
        "order by place) from jsonb_array_elements(changes -> 'assignee_id') with ordinality as one (had, place))) "
        "where changes ? 'assignee_id'"
    )


def _create_edits() -> None:
    op.create_table(
        "board_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("before", JSONB, nullable=False),
        sa.Column("after", JSONB, nullable=False),
        sa.Column("version_before", sa.Integer(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_edits_board_id_boards"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_board_edits_person_id_people")),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_board_edits_card_id_cards"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_edits")),
    )
    op.create_index(op.f("ix_board_edits_card_id"), "board_edits", ["card_id"])
    op.create_index("ix_board_edits_board_id_person_id_step", "board_edits", ["board_id", "person_id", "step"])


def downgrade() -> None:
    """A card keeps one of its assignees; lanes, labels, numbers and estimates are lost."""
    op.drop_table("board_edits")
    for table in LOGS:
        op.execute(f"drop trigger append_only on {table}")
    op.execute("drop function refuse_change_of_log()")
    op.add_column("card_transitions", sa.Column("assignee", sa.String(), nullable=True))
    op.execute("update card_transitions set assignee = assignees -> 0 ->> 'name'")
    op.execute(
        "update card_transitions set changes = (changes - 'assignees') || jsonb_build_object('assignee_id', "
        "jsonb_build_array(changes #> '{assignees,0,0,id}', changes #> '{assignees,1,0,id}')) "
        "where changes ? 'assignees'"
    )
    op.add_column("cards", sa.Column("assignee_id", sa.Uuid(), nullable=True))
    op.execute(
        "update cards set assignee_id = "
        "(select min(person_id::text)::uuid from card_assignees where card_id = cards.id)"
    )
    op.create_foreign_key(op.f("fk_cards_assignee_id_people"), "cards", "people", ["assignee_id"], ["id"])
    op.create_index(op.f("ix_cards_assignee_id"), "cards", ["assignee_id"])
    for column in ("from_lane_id", "from_lane", "to_lane_id", "to_lane", "number", "assignees", "labels"):
        op.drop_column("card_transitions", column)
    op.drop_column("card_transitions", "estimate")
    op.drop_column("card_transitions", "imported")
    op.drop_table("card_labels")
    op.drop_table("card_assignees")
    for table in OF_A_BOARD:
        _refer_to_board(table, ondelete=None)
    for column in ("number", "lane_id", "estimate", "revision"):
        op.drop_column("cards", column)
    op.drop_table("board_labels")
    op.drop_table("board_lanes")
    for column in ("wip_mode", "wip_per_lane"):
        op.drop_column("board_columns", column)
    for column in ("whole_from", "last_number", "options", "archived_at"):
        op.drop_column("boards", column)
    for table in LOGS:
        op.execute(
            f"create trigger append_only before update or delete on {table} "
            "for each statement execute function refuse_change()"
        )
