"""A connection that can only read, to an address that was checked, with an end to every wait."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
import structlog

from app.core.errors import AppError, Invalid, Unavailable
from app.sources.connectors.folder import opened
from app.sources.connectors.reach import addresses_of
from app.sources.databases.address import port_of

CONNECT_SECONDS, LOCK_SECONDS = 10, 5
SQLITE_STEPS = 10_000
log = structlog.stdlib.get_logger(__name__)
Tls = Literal["checked", "encrypted", "off"]
MODES: dict[Tls, str] = {"checked": "verify-full", "encrypted": "require", "off": "prefer"}
AUTHENTICATION, REFUSED_LOGIN = ("28", "18456", "1045"), ("password", "authentication", "access denied", "login failed")


class DatabaseAway(Unavailable):
    """The database cannot be reached. Are address, port and encryption right?"""


class DatabaseRefused(Invalid):
    """The database did not answer this question."""


class DriverMissing(Invalid):
    """The driver for this kind of database is not installed."""


@dataclass(frozen=True)
class Access:
    url: sa.URL
    password: str = field(default="", repr=False)
    tls: Tls = "checked"
    ca_pem: str = ""
    seconds: int = 600


@contextmanager
def reading(access: Access) -> Iterator[sa.Connection]:
    """One read-only transaction. Raises OutgoingRefused, OutgoingFailed, DatabaseAway, DatabaseRefused."""
    with _certificate(access.ca_pem) as ca_file:
        engine = _engine(access, ca_file)
        try:
            with _explained(access), engine.connect() as connection:
                _read_only(connection, access)
                yield connection
        finally:
            engine.dispose()


def _engine(access: Access, ca_file: str) -> sa.Engine:
    if access.url.get_backend_name() == "sqlite":
        path = opened_file(access.url.database or "")
        return sa.create_engine("sqlite://", creator=lambda: _open_file(path, access.seconds), hide_parameters=True)
    address = str(addresses_of(access.url.host or "", port_of(access.url))[0])
    url = access.url.set(password=access.password or None)
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        options = _libpq(access, address, ca_file)
    else:
        url = url.set(host=address)
    try:
        return sa.create_engine(url, connect_args=options, poolclass=sa.pool.NullPool, hide_parameters=True)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        name = url.drivername.partition("+")[2] or url.drivername
        raise DriverMissing(
            f"The driver {name} is not installed where AutoReport runs. An operator installs its Python package."
        ) from error


def _libpq(access: Access, address: str, ca_file: str) -> dict[str, Any]:
    """`hostaddr` is what is connected to, `host` the name that the certificate must have."""
    # No files of this machine: not those that the environment or the home folder may name either.
    options = {
        "hostaddr": address,
        "connect_timeout": CONNECT_SECONDS,
        "sslmode": MODES[access.tls],
        "passfile": os.devnull,
        "sslcert": "",
        "gssencmode": "disable",
        "application_name": "autoreport:source",
        "options": f"-c default_transaction_read_only=on -c statement_timeout={access.seconds * 1000}"
        f" -c lock_timeout={LOCK_SECONDS * 1000} -c timezone=UTC -c datestyle=ISO -c bytea_output=hex",
    }
    if access.tls == "checked":
        options["sslrootcert"] = ca_file or "system"
    return options


@contextmanager
def _certificate(pem: str) -> Iterator[str]:
    if not pem:
        yield ""
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        yield file.name


def opened_file(path: str) -> Path:
    """Below SOURCE_FOLDERS, behind all links. Raises FolderClosed, DatabaseAway."""
    real = Path(os.path.realpath(path))
    opened(str(real.parent))
    if not real.is_file():
        raise DatabaseAway(f"There is no file {path}.")
    return real


def _open_file(path: Path, seconds: int) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > end), SQLITE_STEPS)
    connection.execute("pragma query_only = on")
    connection.execute("pragma trusted_schema = off")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    return connection


def _read_only(connection: sa.Connection, access: Access) -> None:
    """Everything that is asked sees one moment, where the database can do that."""
    kind = access.url.get_backend_name()
    if kind == "postgresql":
        connection.execute(sa.text("set transaction isolation level repeatable read read only"))
    elif kind in ("mysql", "mariadb"):
        connection.execute(sa.text(f"set session max_execution_time = {access.seconds * 1000}"))
        connection.execute(sa.text("set transaction read only"))


@contextmanager
def _explained(access: Access) -> Iterator[None]:
    """What a person can act on; the words of drivers may hold secrets and go to nobody."""
    try:
        yield
    except AppError:
        raise
    except sa.exc.DBAPIError as error:
        raise _in_words(access, error) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        log.warning("source database", error=type(error).__name__)
        raise DatabaseRefused(f"The database did not answer: {_first_line(str(error))}") from None


def _in_words(access: Access, error: sa.exc.DBAPIError) -> AppError:
    original = error.orig
    text, state = str(original), str(getattr(original, "sqlstate", None) or "")
    where = access.url.host or "the file"
    log.warning("source database", host=access.url.host, error=type(original).__name__, sqlstate=state)
    if "certificate" in text or ("SSL" in text and "server does not support" not in text):
        return DatabaseAway(f"The certificate of {where} was refused, or it is not for this name.")
    if "does not support SSL" in text:
        return DatabaseAway(f"{where} does not encrypt. Choose another kind of connection, or have it set up.")
    if state.startswith(AUTHENTICATION) or any(word in text.lower() for word in REFUSED_LOGIN):
        return DatabaseAway(f"{where} did not accept this user and password.")
    if state in ("57014",) or "interrupted" in text:
        return DatabaseRefused(f"The question took longer than the {access.seconds} s allowed.")
    if state or access.url.get_backend_name() == "sqlite":
        return DatabaseRefused(f"The database says: {_first_line(text)}")
    return DatabaseAway(f"{where} cannot be reached, or the connection was lost.")


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:300]
