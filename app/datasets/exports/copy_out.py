"""Rows out of PostgreSQL as they are read: a connection of its own, because a slow reader may keep it for an hour."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from app.core.db import psycopg_dsn
from app.core.errors import AppError, Invalid, NotFound, TooLarge, Unavailable

CHUNK_BYTES = 64 << 10
SORT_MEMORY = "64MB"
WALL_SECONDS = 3600
OPTIONS = f"-c timezone=UTC -c datestyle=ISO -c statement_timeout={WALL_SECONDS}s -c work_mem={SORT_MEMORY}"


class TooSlow(TooLarge):
    """This download took longer than an hour. Filter its rows, or choose fewer columns."""


class BeyondNumbers(Invalid):
    """The filter calculates something that no number can hold."""


class RowsGone(NotFound):
    """These rows were deleted in the meantime."""


def copied(url: str, copy: sql.Composed | str) -> Iterator[bytes]:
    """Whatever PostgreSQL sends, about 64 KiB at a time and cut at ends of rows."""
    return in_chunks(messages(url, copy), CHUNK_BYTES)


def messages(url: str, copy: sql.Composed | str) -> Iterator[bytes]:
    """One a row."""
    query = sql.SQL(copy) if isinstance(copy, str) else copy  # written by us, in `fields`
    try:
        with psycopg.connect(psycopg_dsn(url), options=OPTIONS, application_name="autoreport download") as connection:
            connection.read_only = True
            with connection.cursor() as cursor, cursor.copy(query) as rows:
                for part in rows:
                    yield bytes(part)
    except psycopg.Error as error:
        raise _refusal(error) from error


def _refusal(error: psycopg.Error) -> AppError:
    match error:
        case psycopg.errors.QueryCanceled():
            return TooSlow()
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return RowsGone()
        case psycopg.errors.DataError():
            return BeyondNumbers(
                f"The filter calculates something that no number can hold: {error.diag.message_primary}."
            )
    return Unavailable("The database does not answer right now. Try again in a moment.")


def as_array(lines: Iterator[bytes]) -> Iterator[bytes]:
    lead = b"[\n"
    for line in lines:
        yield lead + line.rstrip(b"\n")
        lead = b",\n"
    yield b"[]\n" if lead == b"[\n" else b"\n]\n"


def in_chunks(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """PostgreSQL gives a message per row; everybody else wants more at a time."""
    waiting: list[bytes] = []
    length = 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)
