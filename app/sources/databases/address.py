"""Which database a URL means. Pure rules: nothing is looked up, nothing is connected to."""

import re
from urllib.parse import unquote

import sqlalchemy as sa

# Only what says nothing about files of this machine.
OPTIONS = {"charset"}
PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521, "clickhouse": 8123}
NETWORKED = {*PORTS, "cockroachdb", "redshift", "trino", "vertica", "hana", "db2", "firebird", "exasol", "starrocks"}
DIALECTS = {"mariadb": "mysql", "mssql": "tsql", "cockroachdb": "postgres", "postgresql": "postgres"}
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


def parse_address(text: str) -> sa.URL:
    """Raises ValueError with a sentence for whoever typed it."""
    try:
        url = sa.make_url(text.strip())
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError("this is no database URL such as postgresql://reader@db.example.com/shop") from None
    if url.password is not None:
        raise ValueError("the password has a field of its own; leave it out of the URL")
    if wrong := sorted(set(url.query) - OPTIONS):
        raise ValueError(f"the option {wrong[0]} cannot be used; known: {', '.join(sorted(OPTIONS))}")
    return _file(url) if url.get_backend_name() == "sqlite" else _networked(url)


def _networked(url: sa.URL) -> sa.URL:
    kind = url.get_backend_name()
    if kind not in NETWORKED:
        raise ValueError(f"databases of the kind {kind} cannot be read; known: sqlite, {', '.join(sorted(NETWORKED))}")
    if not url.host or not PLAIN_NAME.fullmatch(url.host):
        raise ValueError("name the host of the database, as in postgresql://reader@db.example.com/shop")
    if kind == "postgresql":
        if url.drivername not in ("postgresql", "postgresql+psycopg"):
            raise ValueError("PostgreSQL is read with psycopg: begin with postgresql://")
        url = url.set(drivername="postgresql+psycopg")
    return url


def _file(url: sa.URL) -> sa.URL:
    if url.drivername not in ("sqlite", "sqlite+pysqlite") or url.host:
        raise ValueError("a SQLite file is named as sqlite:////folder/file.db")
    if not url.database or not url.database.startswith("/") or "?" in unquote(url.database):
        raise ValueError("name the whole path of a SQLite file, as in sqlite:////folder/file.db")
    return url


def port_of(url: sa.URL) -> int:
    return url.port or PORTS.get(url.get_backend_name(), 5432)


def dialect_of(url: sa.URL) -> str:
    """As sqlglot calls it."""
    kind = url.get_backend_name()
    return DIALECTS.get(kind, kind)
