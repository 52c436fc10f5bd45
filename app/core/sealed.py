"""Which columns hold encrypted texts (their `info` says so), and how all are encrypted anew while the product runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core import secrets
from app.core.db import Base, transaction

MARK, PASSING = "sealed", "passing"
BATCH = 100
SEALED = re.compile(r"[0-9a-f]{8}:gAAAA[\w=-]+")


@dataclass
class Rotation:
    """`unreadable`: how many of which kind can be read with none of the present keys."""

    rotated: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)


def sealed(what: str, *, passing: bool = False) -> dict[str, Any]:
    """For a column of encrypted texts, or of JSON objects with encrypted values; `what` they are, for operators.

    What only passes through, nobody has to enter again.
    """
    return {MARK: what, PASSING: passing}


def rotate() -> Rotation:
    """Row by row, in short transactions of its own: nobody waits, and a change in between is not lost."""
    done = Rotation()
    for column in _columns():
        with transaction() as db:
            keys = [tuple(key) for key in db.execute(_stale(column))]
        for some in _batches(keys):
            with transaction() as db:
                for key in some:
                    _rotate_one(db, column, key, done)
    return done


def unreadable(db: Session) -> dict[str, int]:
    """What people have to enter again because its key is lost."""
    lost: dict[str, int] = {}
    for column in (each for each in _columns() if not each.info[PASSING]):
        for value in db.scalars(sa.select(column).where(_holds_some(column)).execution_options(yield_per=500)):
            if not all(secrets.is_readable(text) for text in _texts(value)):
                lost[column.info[MARK]] = lost.get(column.info[MARK], 0) + 1
    return lost


def _columns() -> list[sa.Column[Any]]:
    return [column for table in Base.metadata.sorted_tables for column in table.columns if MARK in column.info]


def _stale(column: sa.Column[Any]) -> "sa.Select[*tuple[Any, ...]]":
    """Keys of the rows in which something may be left to do."""
    query = sa.select(*column.table.primary_key.columns).where(_holds_some(column))
    if isinstance(column.type, JSONB):
        return query
    return query.where(sa.not_(column.startswith(secrets.current_key_id() + ":", autoescape=True)))


def _holds_some(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.cast(column, sa.Text).contains(":gAAAA")


def _batches(keys: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _rotate_one(db: Session, column: sa.Column[Any], key: tuple[Any, ...], done: Rotation) -> None:
    here = sa.and_(*(part == value for part, value in zip(column.table.primary_key.columns, key, strict=True)))
    value = db.scalar(sa.select(column).where(here).with_for_update())
    try:
        new = _anew(value)
    except secrets.SecretUnreadable:
        if not column.info[PASSING]:
            what = column.info[MARK]
            done.unreadable[what] = done.unreadable.get(what, 0) + 1
        return
    if new != value:
        db.execute(sa.update(column.table).where(here).values({column: new}))
        done.rotated += 1


def _anew(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _anew(inner) for name, inner in value.items()}
    if not isinstance(value, str) or not SEALED.fullmatch(value) or secrets.is_current(value):
        return value
    return secrets.encrypt(secrets.decrypt(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str) and SEALED.fullmatch(value):
        yield value
