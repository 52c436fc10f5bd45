"""A question on its way to an answer. The engine never runs in the process of a door: it gets a limited child."""

from typing import Any

from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor, Role, require_role
from app.core.errors import Invalid
from app.queries.build_sql import build_sql
from app.queries.engines import answer_elsewhere
from app.queries.moments import bound_values, present
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import QueryResult, Written
from app.queries.sources import sources_of_spec, sources_of_sql

WALL_SECONDS = 40
WRITE_SECONDS = 660
MEMORY_MB = 1792


class NotKept(Invalid):
    """The answer of another database is brought in by a source of its own kind, not by a query."""


def run(db: Session, actor: Actor, question: QuerySpec | SqlQuery) -> QueryResult:
    """Data is read as the person who asks for it. Raises DatasetNotFound for what they may not see."""
    require_role(actor, Role.member)
    if question.connection:
        return answer_elsewhere(db, actor, question)
    moment = present()
    if isinstance(question, QuerySpec):
        sources = sources_of_spec(db, actor, question)
        return _call("execute", question, sources[question.dataset], sources, moment.today)
    values = bound_values(question.parameters, moment.today)
    sources = sources_of_sql(db, actor, question, set(values))
    return _call("execute_sql", question.sql, values, question.limit, sources, moment)


def write_parquet(db: Session, actor: Actor, question: QuerySpec | SqlQuery, key: str, *, max_rows: int) -> Written:
    """The whole answer, whatever limit the question has, as one Parquet file in the storage. Raises TooManyRows."""
    require_role(actor, Role.member)
    if question.connection:
        raise NotKept
    moment = present()
    values: Any
    if isinstance(question, QuerySpec):
        sources = sources_of_spec(db, actor, question)
        statement = build_sql(
            question.model_copy(update={"limit": max_rows}), sources[question.dataset], sources, moment.today
        )
        sql, values = statement.sql, statement.values
    else:
        sql, values = question.sql, bound_values(question.parameters, moment.today)
        sources = sources_of_sql(db, actor, question, set(values))
    written: Written = children.call(
        "app.queries.execute:write",
        sql,
        values,
        sources,
        key,
        max_rows,
        moment,
        wall_seconds=WRITE_SECONDS,
        memory_mb=MEMORY_MB,
    )
    return written


def _call(function: str, *arguments: Any) -> QueryResult:
    answer: QueryResult = children.call(
        f"app.queries.execute:{function}", *arguments, wall_seconds=WALL_SECONDS, memory_mb=MEMORY_MB
    )
    return answer
