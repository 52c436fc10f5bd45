"""A migrated database of its own for each benchmark, dropped afterwards."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from app.core import db as database
from app.core import migrations
from app.core.postgres import EmbeddedPostgres


@contextmanager
def server() -> Iterator[str]:
    if given := os.environ.get("TEST_DB_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedPostgres(Path(folder))
        yield embedded.start()
        embedded.release()


@contextmanager
def new_database() -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with server() as url, psycopg.connect(database.psycopg_dsn(url), autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        own = sa.make_url(url).set(database=name).render_as_string(hide_password=False)
        migrations.upgrade(own)
        yield own
        connection.execute(f'drop database "{name}" with (force)')
