"""What migrations make is what the code says, and each way leads back."""

from collections.abc import Iterator
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest

from app import sample
from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core import db, migrations
from app.core.actor import SYSTEM, Role
from tests.conftest import created_database
from tests.test_architecture import FEATURES, ROOT

# Rules that a comparison of columns does not see. Triggers exist in migrations only.
RULES = """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid <> 0 and contype <> 't'
    union all
    select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
    union all
    select relname, 'kind', relkind::text || relpersistence::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
"""
LEFT = """
    select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname in ('public', 'data')
    union all
    select proname from pg_proc where pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def empty(server_url: str) -> Iterator[str]:
    with created_database(server_url, f"test_{uuid4().hex[:12]}") as url:
        yield url


def found(url: str, query: str) -> set[tuple[str, ...]]:
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        return set(connection.execute(query).fetchall())


def ours(url: str) -> set[tuple[str, ...]]:
    """Tables of the queue library are its own business."""
    return {rule for rule in found(url, RULES) if not rule[0].startswith(("procrastinate_", "alembic_"))}


def test_migrations_and_code_have_the_same_tables_and_rules(database: str, empty: str) -> None:
    migrations.check(database)
    for feature in FEATURES:
        if (ROOT / "app" / feature / "tables.py").exists():
            import_module(f"app.{feature}.tables")
    engine = db.make_engine(empty)
    db.Base.metadata.create_all(engine)
    engine.dispose()
    assert ours(empty) == ours(database)


def test_a_database_in_use_goes_all_the_way_back_and_forth(database: str) -> None:
    with db.transaction() as session:
        new = PersonCreate(email="ann@example.com", name="Ann", role=Role.admin, password="three unrelated words")
        person = accounts.create_person(session, SYSTEM, new)
        sample.load(session, accounts.actor_of(session, person.id))
    db.engine().dispose()
    migrations.downgrade(database)
    assert found(database, LEFT) == {("alembic_version",), ("alembic_version_pkc",)}
    migrations.upgrade(database)
    migrations.check(database)
