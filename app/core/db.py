"""One engine a process, one transaction a door. Nobody but a door commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.errors import AppError

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SESSION_OPTIONS = (
    "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
)


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)


def make_engine(url: str, *, name: str = "autoreport", pool_size: int = 5, options: str = SESSION_OPTIONS) -> sa.Engine:
    return sa.create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_use_lifo=True,
        hide_parameters=True,  # an error's text goes to the log, and what was to be stored is nobody's business there
        connect_args={
            "application_name": name,
            "connect_timeout": 5,
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "options": options,
        },
    )


def sqlalchemy_url(url: str) -> sa.URL:
    return sa.make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def psycopg_dsn(url: str) -> str:
    """The same database for libpq, which knows neither SQLAlchemy's driver suffix nor "+" for a space."""
    rendered = sqlalchemy_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    address, mark, options = rendered.partition("?")
    return address + mark + options.replace("+", "%20")


_url = ""


def configure(url: str) -> None:
    """Called once by each door, before the first transaction: embedded mode only knows its address at start."""
    global _url
    _url = url
    engine.cache_clear()


def database_url() -> str:
    if not _url:
        raise RuntimeError("no database yet: the door must call db.configure(url) first")
    return _url


@lru_cache(maxsize=1)
def engine() -> sa.Engine:
    return make_engine(database_url())


@contextmanager
def transaction() -> Iterator[Session]:
    """Commits at the end of the block, rolls back on any error."""
    try:
        with Session(engine(), expire_on_commit=False) as session, session.begin():
            yield session
    except psycopg.OperationalError as error:  # of the raw connection: doors expect it as any other of the database
        raise sa.exc.OperationalError(None, None, error) from error


def raw(db: Session) -> psycopg.Connection[Any]:
    """The psycopg connection of this very transaction, for COPY and for enqueuing."""
    connection = db.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


@contextmanager
def unless_taken(db: Session, taken: AppError) -> Iterator[None]:
    """What is written inside may break a rule that something exists once; then only that is undone. Raises `taken`."""
    try:
        with db.begin_nested():
            yield
            db.flush()
    except IntegrityError as error:
        raise taken from error
