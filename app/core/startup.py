"""What each door does before its first transaction: settings and keys, a database, its tables."""

import os
from dataclasses import dataclass

import psycopg
import structlog
from alembic.util import CommandError

from app.core import app_role, db, migrations
from app.core.errors import StartupProblem
from app.core.postgres import EmbeddedPostgres
from app.core.settings import Settings, settings

OLDEST_POSTGRES = 140000

log = structlog.stdlib.get_logger(__name__)


class DatabaseUnreachable(StartupProblem):
    """DB_URL names no database that answers."""


class DatabaseTooNew(StartupProblem):
    """The tables were written by a newer release."""


@dataclass(frozen=True)
class OpenDatabase:
    """The database of this process; the embedded server lives as long as somebody holds one."""

    url: str
    server: EmbeddedPostgres | None

    def repair(self) -> None:
        """Starts the embedded server again when it was killed; the address stays the same."""
        if self.server and not self.server.answers():
            log.warning("the embedded PostgreSQL is gone, starting it again", root=str(self.server.root))
            self.server.start()

    def close(self) -> None:
        """Waits for the embedded server to stop, unless other processes still use it."""
        db.engine().dispose()
        if self.server:
            self.server.stop()


def open_database() -> OpenDatabase:
    """Points `app.core.db` at DB_URL or at the embedded server. Raises StartupProblem."""
    config = settings()
    _require_writable(config)
    server = EmbeddedPostgres(config.data_dir / "postgres") if config.embedded else None
    if server:
        server.start()
    url = server.app_url if server else _checked(config.db_url)
    db.configure(url)
    return OpenDatabase(url, server)


def migrate() -> None:
    """Brings the tables and the rights on them up to date; any number of processes may do so at once.

    Raises StartupProblem.
    """
    url = _owner_url()
    try:
        migrations.upgrade(url)
    except CommandError as error:
        if "locate revision" in str(error):
            raise DatabaseTooNew(
                "the database was written by a newer release of AutoReport; update this one"
            ) from error
        raise StartupProblem(f"the tables cannot be brought up to date: {error}") from error
    app_role.share_tables(url, db.database_url())


def _owner_url() -> str:
    """Migrations run as the owner of the tables, the product itself as somebody who cannot change the audit trail."""
    config = settings()
    if config.embedded:
        return EmbeddedPostgres(config.data_dir / "postgres").url
    return config.alembic_url or config.db_url


def _require_writable(config: Settings) -> None:
    if not config.embedded and config.storage_url:
        return
    probe = config.data_dir / f".probe-{os.getpid()}"
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"1")
        probe.unlink()
    except OSError as error:
        folder = config.data_dir.resolve()
        raise StartupProblem(f"DATA_DIR: {folder} cannot be written to ({error.strerror})") from error


def _checked(url: str) -> str:
    try:
        with psycopg.connect(db.psycopg_dsn(url), connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise DatabaseUnreachable(f"DB_URL: {' '.join(str(error).split())}") from error
    if version < OLDEST_POSTGRES:
        raise StartupProblem(f"DB_URL: PostgreSQL {version // 10000} is too old, {OLDEST_POSTGRES // 10000} is needed")
    return url
