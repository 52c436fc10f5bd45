"""A pull from a database: all of one moment, in files that are not too large."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.core import children, clock
from app.sources.connectors.protocol import Inbox, Watermark
from app.sources.connectors.sql import SqlSettings
from app.sources.databases.address import dialect_of
from app.sources.databases.connect import Access, reading
from app.sources.databases.read_out import csv_parts, literal, quoted, value_of


def access_of(settings: SqlSettings) -> Access:
    password = settings.password.get_secret_value()
    return Access(settings.address, password, settings.tls, settings.ca_pem, settings.seconds)


def statement_of(settings: SqlSettings) -> str:
    """As checked, without comments. Raises NotOneSelect."""
    found: str = children.call(
        "app.sources.databases.statement:check_select", settings.query, dialect_of(settings.address)
    )
    return found


def fetch(settings: SqlSettings, watermark: Watermark, inbox: Inbox, most: int | None) -> Watermark:
    sql, column, new = statement_of(settings), settings.watermark_column, dict(watermark)
    with reading(access_of(settings)) as connection:
        inbox.step("Connected")
        if column:
            sql, last = _above(connection, sql, column, watermark)
            if last is None:
                return watermark
            new = {"column": column, "value": last}
        for place, parts in enumerate(_files(csv_parts(connection, sql), most)):
            key = f"{column} up to {new['value']}" if column else "all rows"
            name = f"{clock.now():%Y-%m-%d %H%M%S}{f' part {place + 1}' if place else ''}.csv"
            inbox.add(name, parts, item_key=f"{key}, part {place + 1}" if place else key)
    return new


def _above(connection: sa.Connection, sql: str, column: str, watermark: Watermark) -> tuple[str, Any]:
    """Only rows above the last value, up to the highest that this very moment knows; None when there is nothing new."""
    name, inner = quoted(connection, column), f"(\n{sql}\n)"
    given = watermark.get("value") if watermark.get("column") == column else None
    lower = f"{name} > {literal(connection, given)}" if given is not None else f"{name} is not null"
    highest = value_of(connection, f"select max({name}) from {inner} as fetched where {lower}")  # noqa: S608  checked, quoted
    if highest is None:
        return sql, None
    last = highest if isinstance(highest, int | float) else str(highest)
    where = f"{lower} and {name} <= {literal(connection, last)}"
    return f"select * from {inner} as fetched where {where} order by {name}", last  # noqa: S608  checked, quoted


def _files(parts: Iterator[bytes], most: int | None) -> Iterator[Iterator[bytes]]:
    """Each begins with the line of column names. A part never ends within a row."""
    head: bytes | None = None
    for part in parts:
        if head is None:
            head, at = part, _end_of_names(part)
            if at == len(part):
                continue
            head, part = part[:at], part[at:]
        yield _one_file(head, part, parts, most)


def _one_file(head: bytes, first: bytes, parts: Iterator[bytes], most: int | None) -> Iterator[bytes]:
    size = len(head) + len(first)
    yield head
    yield first
    while most is None or size < most:
        part = next(parts, None)
        if part is None:
            return
        size += len(part)
        yield part


def _end_of_names(part: bytes) -> int:
    """Behind the first record; names may hold line ends."""
    is_quoted = False
    for place, sign in enumerate(part):
        if sign == ord('"'):
            is_quoted = not is_quoted
        elif sign == ord("\n") and not is_quoted:
            return place + 1
    return len(part)
