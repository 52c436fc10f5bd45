"""Real PostgreSQL: TEST_DB_URL if given, else the embedded one.

Migrated once into a template, then copied (`database`) or rolled back (`db`) per test.
"""

import gc
import os
import re
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

os.environ.setdefault("SMTP_ENV_KEY", Fernet.generate_key().decode())
os.environ.setdefault("SECRET_KEY", "only-for-the-tests-of-this-run")
os.environ.setdefault("BCRYPT_COST", "10")  # the cheapest that settings allow
# The tests start hundreds of processes: without bytecode each would compile 4,000 modules anew, for half of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.disable()  # until all is imported

from app.core import children, migrations, secrets, storage
from app.core import db as database_module
from app.core.settings import settings
from tests import cheap_bcrypt

cheap_bcrypt.install()
# How long a statement, a lock or an example takes says more of the machine than of the code.
defaults = database_module.make_engine.__kwdefaults__
assert defaults
defaults["options"] = re.sub(r"(?<=_timeout=)\d+", "300000", defaults["options"])
patience = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("patient", hypothesis_settings.default, **patience)
hypothesis_settings.load_profile("patient")

LONG = {"test_access_matrix", "test_openapi", "test_canaries", "test_streams", "test_sql", "test_page_matrix"}
LONG |= {"test_lost_key", "test_replay", "test_lockout", "test_pushdown", "test_named", "test_headers", "test_s3"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, or one of the processes would wait for the other at the end.

    A browser or a killed process depends on more than this code: such a test may fail once, and the summary says so.
    """
    for item in items:
        if is_long(item):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: 0 if is_long(item) else 1 if item.path.stem in LONG else 2)


def is_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("browser", "crash"))


def pytest_collection_finish() -> None:
    """What has been imported by now stays to the end: no use in looking through a gigabyte for garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # or libraries in C tell of leaks at the end


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing a test writes may land in the developer's own DATA_DIR."""
    path = tmp_path_factory.mktemp("data")
    os.environ["DATA_DIR"] = str(path)
    settings.cache_clear()
    return path


@pytest.fixture(autouse=True)
def forget_foreign_settings(data_dir: Path) -> Iterator[None]:
    """What a test has read from an environment of its own is nothing for those that come after it."""
    before = settings()
    yield
    if not settings.cache_info().currsize or settings() is not before:
        for one in (settings, secrets._fernet, storage.filesystem):
            one.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def warm_children() -> None:
    """As those of a worker: each child would import the engines anew, which takes longer than most tests."""
    children.expect("app.worker", "app.jobs.warm")


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server where databases may be created."""
    if given := os.environ.get("TEST_DB_URL"):
        yield given
        return
    from app.core.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("pg"))
    url = server.start()
    be_careless(url)
    yield url
    server.release()


def be_careless(url: str) -> None:
    """No test lives through a loss of power, and copying a database waits for the disk else: twice as fast."""
    with psycopg.connect(database_module.psycopg_dsn(url), autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def template_database(server_url: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    with created_database(server_url, name) as url:
        migrations.upgrade(url)
        yield name


class created_database:
    def __init__(self, server_url: str, name: str, template: str | None = None) -> None:
        self.server, self.name, self.template = server_url, name, template

    def __enter__(self) -> str:
        copy = f' template "{self.template}"' if self.template else ""
        self._run(f'create database "{self.name}"{copy}')
        return sa.make_url(self.server).set(database=self.name).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._run(f'drop database if exists "{self.name}" with (force)')

    def _run(self, sql: str) -> None:
        with psycopg.connect(database_module.psycopg_dsn(self.server), autocommit=True) as connection:
            connection.execute(sql)


@pytest.fixture(scope="session")
def shared_database(server_url: str, template_database: str) -> Iterator[str]:
    with created_database(server_url, f"shared_{uuid.uuid4().hex[:12]}", template_database) as url:
        yield url


@pytest.fixture(scope="session")
def shared_engine(shared_database: str) -> Iterator[sa.Engine]:
    engine = database_module.make_engine(shared_database)
    yield engine
    engine.dispose()


@pytest.fixture
def db(shared_engine: sa.Engine) -> Iterator[Session]:
    """A session whose outer transaction is rolled back: for service tests in one thread."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def database(server_url: str, template_database: str) -> Iterator[str]:
    """URL of a migrated database of its own, with `app.core.db` pointed at it: for tests that commit, fork or race."""
    with created_database(server_url, f"test_{uuid.uuid4().hex[:12]}", template_database) as url:
        database_module.configure(url)
        be_patient(database_module.engine())
        yield url
        _wait_for_threads(database_module.engine())
        database_module.engine().dispose()
        database_module.engine.cache_clear()


def be_patient(engine: sa.Engine) -> None:
    """Where fifty threads share ten connections, the last waits longer than a person would: all is slow, not wrong."""
    if isinstance(engine.pool, sa.QueuePool):
        engine.pool._timeout = 120.0


def _wait_for_threads(engine: sa.Engine, seconds: float = 60) -> None:
    """A thread of the product may still be looking something up; its connection would be lost unclosed."""
    deadline = time.monotonic() + seconds
    while isinstance(engine.pool, sa.QueuePool) and engine.pool.checkedout() and time.monotonic() < deadline:
        time.sleep(0.02)
