"""Boards that were there before cards had numbers and several people."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from app.core import db, migrations
from tests.conftest import created_database

ANN, BOARD, COLUMN, OLD, NEW = (UUID(int=n) for n in range(1, 6))


@pytest.fixture
def before(server_url: str) -> Iterator[str]:
    with created_database(server_url, f"test_{uuid4().hex[:12]}") as url:
        migrations.upgrade(url, "0024")
        yield url


def fill(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    run = connection.execute
    run(
        "insert into people (id, email, name, password_hash, role, created_at) "
        "values (%s, 'ann@example.com', 'Ann', '', 'member', now())",
        [ANN],
    )
    run("insert into boards (id, name, revision, owner_id, created_at) values (%s, 'Team', 7, %s, now())", [BOARD, ANN])
    run(
        "insert into board_columns (id, board_id, name, rank, is_done) values (%s, %s, 'A', '1', false)",
        [COLUMN, BOARD],
    )
    card = (
        "insert into cards (id, board_id, column_id, rank, title, priority, category, assignee_id, created_at) "
        "values (%s, %s, %s, %s, 'x', 'low', 'in_progress', %s, now() - %s * interval '1 day')"
    )
    run(card, [NEW, BOARD, COLUMN, "1", None, 1])
    run(card, [OLD, BOARD, COLUMN, "2", ANN, 2])
    run(
        "insert into card_transitions "
        "(board_id, card_id, kind, at, person, changes, title, priority, category, assignee) values "
        "(%s, %s, 'changed', now(), 'Ann', jsonb_build_object('assignee_id', jsonb_build_array(null, %s::text)), "
        "'x', 'low', 'in_progress', 'Ann')",
        [BOARD, OLD, str(ANN)],
    )


def test_cards_get_numbers_by_age_and_keep_who_has_them(before: str) -> None:
    dsn, given = db.psycopg_dsn(before), [{"id": str(ANN), "name": "Ann"}]
    with psycopg.connect(dsn) as connection:
        fill(connection)
    migrations.upgrade(before, "0025")
    with psycopg.connect(dsn) as connection:
        cards = connection.execute("select id, number, revision from cards order by number").fetchall()
        held = connection.execute("select card_id, person_id from card_assignees").fetchall()
        line = connection.execute("select number, assignees, changes, imported from card_transitions").fetchone()
        last = connection.execute("select last_number from boards").fetchone()
    assert cards == [(OLD, 1, 7), (NEW, 2, 7)]
    assert (held, line) == ([(OLD, ANN)], (1, given, {"assignees": [[], given]}, False))
    assert last == (2,)
    migrations.downgrade(before, "0024")
    with psycopg.connect(dsn) as connection:
        back = connection.execute("select assignee_id from cards where id = %s", [OLD]).fetchone()
        told = connection.execute("select assignee, changes from card_transitions").fetchone()
    assert (back, told) == ((ANN,), ("Ann", {"assignee_id": [None, str(ANN)]}))
