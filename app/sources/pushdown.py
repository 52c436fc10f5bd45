"""Questions answered in the database of a source, with what the source knows: nobody sees its password.

Its login may be able to read more than the one query, so asking takes the right to change that query: an author who
may change the dataset, just as for the source itself.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor
from app.core.errors import Forbidden, Invalid, NotFound
from app.queries.build_sql import Translated
from app.queries.service import Selected
from app.sources import vault
from app.sources.access import access_source
from app.sources.connectors.sql import SqlConnector, SqlSettings
from app.sources.databases.address import dialect_of
from app.sources.schemas import Connection, DatabaseTable, DatabaseTables
from app.sources.tables import SourceRow

WALL_SECONDS, MEMORY_MB = 60.0, 1024


class NoDatabase(Invalid):
    """Only sources of the kind sql have tables."""


class SqlSources:
    """The engine of `queries.offer_engine`: the name of a connection is the name of a source of the kind sql."""

    def dialect(self, db: Session, actor: Actor, connection: str) -> str | None:
        settings = _named(db, actor, connection)
        return dialect_of(settings.address) if settings else None

    def columns(
        self, db: Session, actor: Actor, connection: str, tables: Sequence[str]
    ) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = _in_child("columns_of", _open(db, actor, connection), list(tables))
        return found

    def select(self, db: Session, actor: Actor, connection: str, question: Translated, *, limit: int) -> Selected:
        found: Selected = _in_child("ask", _open(db, actor, connection), question, limit)
        return found


def connections(db: Session, actor: Actor) -> list[Connection]:
    """Those that `actor` may ask, by name."""
    query = sa.select(SourceRow).where(SourceRow.kind == SqlConnector.kind).order_by(SourceRow.name)
    return [Connection(id=row.id, name=row.name) for row in db.scalars(query) if _may_ask(db, actor, row.id)]


def _may_ask(db: Session, actor: Actor, source_id: UUID) -> bool:
    try:
        access_source(db, actor, source_id, write=True, lock=False)
    except (NotFound, Forbidden):
        return False
    return True


def tables_of(db: Session, actor: Actor, source_id: UUID) -> DatabaseTables:
    """What a question to this connection can name."""
    row, _ = access_source(db, actor, source_id, write=True, lock=False)
    if row.kind != SqlConnector.kind:
        raise NoDatabase
    found, more = _in_child("all_tables", _settings_of(row))
    return DatabaseTables(tables=[DatabaseTable(name=name, columns=columns) for name, columns in found], more=more)


def _open(db: Session, actor: Actor, connection: str) -> SqlSettings:
    settings = _named(db, actor, connection)
    if settings is None:
        raise NotFound(f'There is no connection "{connection}", or you may not use it.')
    return settings


def _named(db: Session, actor: Actor, connection: str) -> SqlSettings | None:
    """None for whoever may not use it: whether there is such a connection is not told."""
    query = sa.select(SourceRow.id).where(SourceRow.name == connection, SourceRow.kind == SqlConnector.kind)
    source_id = db.scalar(query)
    if source_id is None or not _may_ask(db, actor, source_id):
        return None
    row, _ = access_source(db, actor, source_id, write=True, lock=False)
    return _settings_of(row)


def _settings_of(row: SourceRow) -> SqlSettings:
    found = vault.joined(SqlSettings, row.settings, row.secrets)
    assert isinstance(found, SqlSettings)
    return found


def _in_child(function: str, *args: Any) -> Any:
    target = f"app.sources.databases.ask:{function}"
    return children.call(target, *args, wall_seconds=WALL_SECONDS, memory_mb=MEMORY_MB)
