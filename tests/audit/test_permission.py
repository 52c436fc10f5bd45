"""The role that the product works with may add to the audit trail and read it, and do all that the product does."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import app_role, db, migrations
from app.core.actor import SYSTEM
from app.core.errors import StartupProblem

REFUSED = [
    "update audit set person = 'Bob'",
    "delete from audit",
    "truncate audit",
    "drop table audit cascade",
    "alter table audit add column x int",
    "alter table audit disable trigger all",
    "alter table audit owner to current_user",
    "drop trigger seal on audit",
    "create trigger mine before insert on audit for each row execute function suppress_redundant_updates_trigger()",
    "insert into audit (id, at, person, action, subject) overriding system value values (9, now(), 'x', 'x', 'x')",
    "insert into audit_chain values (99, 99, '')",
    "update audit_chain set hash = ''",
    "delete from audit_chain",
    "truncate audit_chain",
    "drop table audit_chain",
    "alter table audit_chain disable trigger all",
    "create or replace function seal_audit() returns trigger language plpgsql as $$ begin return null; end $$",
    "create or replace function refuse_audit_change() returns trigger language plpgsql as $$ begin return new; end $$",
    "drop function seal_audit() cascade",
    "create table public.mine (id int); create trigger t after insert on public.mine execute function seal_audit()",
    "create table data.mine (id int); create trigger t after insert on data.mine execute function seal_audit()",
    "set session_replication_role = replica",
    "update alembic_version set version_num = '0014'",
    "drop table people cascade",
]


@dataclass
class Roles:
    owner_url: str
    app_url: str
    app: str


@pytest.fixture
def roles(server_url: str) -> Iterator[Roles]:
    with two_roles(server_url) as roles:
        yield roles


@contextmanager
def two_roles(server_url: str) -> Iterator[Roles]:
    """A database of one role and another role that works in it, neither of them a superuser."""
    name = uuid.uuid4().hex[:8]
    owner, app, database = f"Owner-{name}", f"App-{name}", f"roles_{name}"
    with psycopg.connect(db.psycopg_dsn(server_url), autocommit=True) as server:

        def run(text: str) -> None:
            names = {"owner": sql.Identifier(owner), "app": sql.Identifier(app), "database": sql.Identifier(database)}
            server.execute(sql.SQL(text).format(**names))

        run("create role {owner} login")
        run("create role {app} login")
        run("create database {database} owner {owner}")
        try:
            yield Roles(url_as(server_url, owner, database), url_as(server_url, app, database), app)
        finally:
            run("drop database {database} with (force)")
            run("drop role {owner}")
            run("drop role {app}")


def url_as(server_url: str, role: str, database: str) -> str:
    return sa.make_url(server_url).set(username=role, database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def shared_roles(server_url: str) -> Iterator[Roles]:
    """Once for all tests that only read, or are refused."""
    with two_roles(server_url) as roles:
        migrations.upgrade(roles.owner_url)
        app_role.share_tables(roles.owner_url, roles.app_url)
        with working(roles.app_url), db.transaction() as session:
            audit.record(session, SYSTEM, Action.sample_loaded, "1")
        yield roles


@pytest.fixture
def shared(shared_roles: Roles) -> Iterator[Roles]:
    with working(shared_roles.app_url):
        yield shared_roles


@contextmanager
def working(url: str) -> Iterator[None]:
    db.configure(url)
    try:
        yield
    finally:
        db.engine().dispose()
        db.engine.cache_clear()


@pytest.mark.parametrize("statement", REFUSED)
def test_nothing_that_changes_the_trail_is_allowed(shared_roles, statement):
    with psycopg.connect(db.psycopg_dsn(shared_roles.app_url)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()


def test_the_trail_can_be_written_and_read(shared):
    with db.transaction() as session:
        found = audit.verify(session)
        assert len(audit.entries_page(session).items) == 1
    assert (found.intact, found.enforced, found.length) == (True, True, 1)


def test_one_role_for_everything_works_and_says_that_nothing_is_enforced(roles):
    migrations.upgrade(roles.owner_url)
    app_role.share_tables(roles.owner_url, roles.owner_url)
    with working(roles.owner_url), db.transaction() as session:
        audit.record(session, SYSTEM, Action.sample_loaded, "1")
    with working(roles.owner_url), db.transaction() as session:
        found = audit.verify(session)
    assert (found.intact, found.enforced) == (True, False)


def test_what_one_role_has_made_can_be_divided_among_two_later(roles, server_url):
    migrations.upgrade(roles.owner_url)
    superuser = in_database_of(roles, server_url)
    app_role.share_tables(superuser, roles.owner_url)
    with working(roles.owner_url), db.transaction() as session:
        audit.record(session, SYSTEM, Action.sample_loaded, "1")
        assert not audit.is_enforced(session), "the owner of the database may drop any table"
    with psycopg.connect(db.psycopg_dsn(superuser), autocommit=True) as connection:
        own = sql.SQL("alter database {} owner to current_user").format(sql.Identifier(connection.info.dbname))
        connection.execute(own)
    with working(roles.owner_url), db.transaction() as session:
        assert audit.is_enforced(session)
        assert audit.verify(session).length == 1


def test_a_migration_role_that_may_not_share_is_told_how_it_may(roles):
    migrations.upgrade(roles.owner_url)
    with pytest.raises(StartupProblem, match=r"ALEMBIC_URL: .* GRANT"):
        app_role.share_tables(roles.app_url, roles.owner_url)


def test_dataset_tables_of_the_former_role_go_to_the_app(shared, server_url):
    superuser = in_database_of(shared, server_url)
    with psycopg.connect(db.psycopg_dsn(superuser)) as connection:
        connection.execute("create table data.d_1 (_batch bigint) partition by list (_batch)")
        connection.execute("create table data.d_1_b1 (like data.d_1)")
    app_role.share_tables(superuser, shared.app_url)
    with psycopg.connect(db.psycopg_dsn(shared.app_url)) as connection:
        connection.execute("alter table data.d_1 attach partition data.d_1_b1 for values in (1)")
        connection.execute("insert into data.d_1 values (1)")
        connection.execute("drop table data.d_1")


def in_database_of(roles: Roles, server_url: str) -> str:
    database = sa.make_url(roles.app_url).database
    return sa.make_url(server_url).set(database=database).render_as_string(hide_password=False)
