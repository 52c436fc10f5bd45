"""Every entry is sealed when it is committed, and whatever is done to the trail afterwards shows."""

import threading
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa

from app.audit import service as audit
from app.audit.schemas import Action, AuditCheck
from app.core import db
from app.core.actor import SYSTEM, Actor, Role

ANN = Actor(id=None, name="Ann", role=Role.member, ip="10.0.0.7")


def record(count: int, **details: object) -> None:
    for number in range(count):
        with db.transaction() as session:
            audit.record(session, ANN, Action.card_created, f"card {number}", number=number, **details)


def verified(**expected: object) -> AuditCheck:
    with db.transaction() as session:
        return audit.verify(session, **expected)


def tamper(url: str, *statements: str) -> None:
    """As the owner of the whole server, with every trigger switched off."""
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        connection.execute("set session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


def test_an_untouched_trail_is_intact(database):
    record(5, text="Grüße\n'quoted' \\ \u2028", nested={"b": [1.50, None, True], "a": ""})
    with db.transaction() as session:
        audit.record(session, SYSTEM, Action.sample_loaded, "")
    found = verified()
    assert (found.intact, found.length, len(found.head)) == (True, 6, 64)


def test_an_empty_trail_is_intact(database):
    assert verified().length == 0
    assert verified().intact


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "person_id = gen_random_uuid()",
        "person = 'Bob'",
        "ip = null",
        "ip = ''",
        "action = 'card:deleted'",
        "subject = 'card 9'",
        "details = '{\"number\": 9}'",
        "person = 'An', ip = 'n10.0.0.7'",
    ],
)
def test_an_altered_field_is_found_at_its_position(database, change):
    record(4)
    tamper(database, f"update audit set {change} where subject = 'card 1'")
    found = verified()
    assert found.fault is not None
    assert found.fault.position == 2
    assert "altered" in found.fault.text


def swap(first: int, second: int) -> list[str]:
    """Two entries change places in the chain."""
    return [
        f"update audit_chain set audit_id = -audit_id where position in ({first}, {second})",
        f"update audit_chain c set audit_id = -o.audit_id from (select * from audit_chain) o where c.position = {first}"
        f" and o.position = {second}",
        f"update audit_chain c set audit_id = (select min(id) from audit) + {first - 1} where position = {second}",
    ]


@pytest.mark.parametrize(
    ("damage", "position"),
    [
        (["delete from audit where subject = 'card 2'"], 3),
        (["delete from audit where subject = 'card 0'"], 1),
        (["delete from audit_chain where position = 3", "delete from audit where subject = 'card 2'"], 3),
        (["delete from audit_chain where position = 1", "delete from audit where subject = 'card 0'"], 1),
        (["insert into audit (at, person, action, subject) values (now(), 'Eve', 'card:created', 'x')"], 6),
        (["delete from audit_chain where position = 5"], 5),
        (["insert into audit_chain values (0, 0, '')"], 0),
        (["update audit_chain set hash = sha256('x') where position = 4"], 4),
        (swap(2, 4), 2),
    ],
    ids=["deleted", "first", "with-seal", "first-with-seal", "slipped-in", "unsealed", "before", "hash", "swap"],
)
def test_damage_is_found_at_the_first_bad_position(database, damage, position):
    record(5)
    tamper(database, *damage)
    fault = verified().fault
    assert fault is not None
    assert fault.position == position


def test_an_end_that_was_cut_off_shows_against_what_was_noted_outside(database):
    record(5)
    noted = verified()
    tamper(database, "delete from audit where subject = 'card 4'", "delete from audit_chain where position = 5")
    assert verified().intact
    assert "cut off" in str(verified(expect_head=noted.head).fault)
    assert "had 5" in str(verified(expect_length=5).fault)


def test_an_older_note_still_proves_the_part_that_it_covers(database):
    record(2)
    noted = verified()
    record(3)
    assert verified(expect_head=noted.head, expect_length=noted.length).intact
    assert "not at 4" in str(verified(expect_head=noted.head, expect_length=4).fault)


def test_entries_from_before_the_chain_are_sealed_in_their_order(database):
    from app.core import migrations

    migrations.downgrade(database, "0014")
    record(3)
    migrations.upgrade(database)
    record(1)
    assert (verified().intact, verified().length) == (True, 4)


@pytest.mark.parametrize("table", ["audit", "audit_chain"])
@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {}"])
def test_even_the_owner_is_refused_by_the_table_itself(database, table, statement):
    record(1)
    column = "action" if table == "audit" else "hash"
    sql = statement.format(table, column, column)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.transaction() as session:
        session.execute(sa.text(sql))
    assert verified().intact


def test_many_writers_leave_one_chain_without_a_gap(database):
    """Some roll back as a whole, some to a savepoint: only what was committed is sealed."""
    committed: list[int] = []
    problems: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(50):
                committed.append(one_transaction(writer * 50 + number))
        except BaseException as error:
            problems.append(error)

    run_together(write, 20)
    assert problems == []
    found = verified()
    assert (found.intact, found.length) == (True, sum(committed))


def one_transaction(number: int) -> int:
    """How many entries it leaves: 0 when rolled back."""
    with db.transaction() as session:
        audit.record(session, ANN, Action.card_created, number)
        if number % 3 == 0:
            savepoint = session.begin_nested()
            audit.record(session, ANN, Action.card_changed, number)
            session.flush()
            savepoint.rollback()
        if number % 5 == 0:
            audit.record(session, ANN, Action.card_archived, number)
        if number % 7 == 0:
            session.flush()
            session.rollback()
            return 0
    return 2 if number % 5 == 0 else 1


def run_together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
