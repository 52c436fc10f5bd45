"""Questions that are answered where the data lies. A feature above offers an engine; this one knows none itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor
from app.core.errors import NotFound
from app.queries.build_sql import Translated, build_sql
from app.queries.moments import bound_values, present
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import QueryResult, ResultColumn, Source


class ConnectionNotFound(NotFound):
    """There is no such connection, or you may not use it."""


@dataclass(frozen=True)
class Selected:
    """`rows` hold JSON values: exact decimals and times as text. At most one row more than the limit."""

    columns: list[ResultColumn]
    rows: list[list[Any]]


class Engine(Protocol):
    def dialect(self, db: Session, actor: Actor, connection: str) -> str | None:
        """What sqlglot calls the dialect of this connection; None when it is not there or `actor` may not use it."""

    def columns(
        self, db: Session, actor: Actor, connection: str, tables: Sequence[str]
    ) -> dict[str, list[tuple[str, str]]]:
        """Names and types (of ours) of the columns of each table. Raises NotFound that names the table."""

    def select(self, db: Session, actor: Actor, connection: str, question: Translated, *, limit: int) -> Selected:
        """Asks, read only and within limits of time and memory, and reads `limit` + 1 rows at most.

        `question.sql` is for `sqlalchemy.text`, `question.values` are its parameters.
        """


ENGINES: dict[str, Engine] = {}


def offer_engine(name: str, engine: Engine) -> None:
    """At import of the service of the feature that offers it."""
    ENGINES[name] = engine


def answer_elsewhere(db: Session, actor: Actor, question: QuerySpec | SqlQuery) -> QueryResult:
    """Raises ConnectionNotFound, and what the engine raises."""
    connection = question.connection or ""
    for engine in ENGINES.values():
        if dialect := engine.dialect(db, actor, connection):
            translated = _translated(db, actor, question, engine, dialect)
            return _shown(question, engine.select(db, actor, connection, translated, limit=question.limit), translated)
    raise ConnectionNotFound(f'There is no connection "{connection}", or you may not use it.')


def _translated(db: Session, actor: Actor, question: QuerySpec | SqlQuery, engine: Engine, dialect: str) -> Translated:
    today = present().today
    if isinstance(question, SqlQuery):
        named = bound_values(question.parameters, today)
        found: Translated = children.call("app.queries.translate:translate_sql", question.sql, named, dialect, today)
        return found
    known = engine.columns(db, actor, question.connection or "", question.datasets)
    sources = {name: Source.elsewhere(name, known[name]) for name in question.datasets}
    statement = build_sql(question, sources[question.dataset], sources, today)
    built: Translated = children.call("app.queries.translate:translate_built", statement, dialect)
    return built


def _shown(question: QuerySpec | SqlQuery, selected: Selected, translated: Translated) -> QueryResult:
    kept = selected.rows[: question.limit]
    return QueryResult(
        columns=translated.columns or selected.columns,
        rows=kept,
        row_count=len(kept),
        truncated=len(selected.rows) > question.limit,
        sql=translated.sql,
        values=[str(value) for value in translated.values.values()],
        dataset=question.dataset if isinstance(question, QuerySpec) else "",
        dataset_id=None,
        version="",
        batches=[],
        connection=question.connection,
    )
