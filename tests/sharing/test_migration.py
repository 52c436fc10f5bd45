"""An installation that is brought up to date stays as open as it was."""

from uuid import uuid4

import psycopg

from app.core import migrations
from app.core.db import psycopg_dsn
from tests.conftest import created_database

OLD = """
insert into boards (name, created_at) values ('Team', now());
insert into templates (name, version, created_at, changed_at) values ('Weekly', 1, now(), now());
insert into datasets (name, columns, created_at, changed_at) values ('orders', '[]', now(), now());
"""


def test_what_was_there_before_teams_is_open_to_everybody(server_url: str) -> None:
    with created_database(server_url, f"test_{uuid4().hex[:12]}") as url:
        migrations.upgrade(url, "0009")
        with psycopg.connect(psycopg_dsn(url)) as connection:
            connection.execute(OLD)
        migrations.upgrade(url, "0010")
        with psycopg.connect(psycopg_dsn(url)) as connection:
            found = connection.execute("select kind, everybody, level from shares order by kind").fetchall()
            assert found == [(kind, True, "edit") for kind in ("board", "dataset", "template")]
        migrations.downgrade(url, "0009")
        with psycopg.connect(psycopg_dsn(url)) as connection:
            assert connection.execute("select to_regclass('shares')").fetchone() == (None,)
