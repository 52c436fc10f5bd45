"""What an answer depends on: datasets, and for some questions the day."""

import re

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.queries.moments import DAYS, PERIODS
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import Source
from app.queries.sources import sources_of_spec, sources_of_sql

CLOCKS = re.compile(
    r"\b(current_date|current_time|current_timestamp|localtime|localtimestamp|now|today|age|ago)\b", re.I
)


def inputs_of(db: Session, actor: Actor, question: QuerySpec | SqlQuery) -> dict[str, Source]:
    """By name, as this person sees them."""
    if isinstance(question, QuerySpec):
        return sources_of_spec(db, actor, question)
    names = {
        name
        for each in question.parameters
        for name in ((f"{each.name}_since", f"{each.name}_until") if each.type == "period" else (each.name,))
    }
    return sources_of_sql(db, actor, question, names)


def moves(question: QuerySpec | SqlQuery) -> bool:
    """Whether it may have another answer tomorrow, of the same data."""
    if isinstance(question, QuerySpec):
        values = [one for rule in question.filters for one in _each(rule.value)]
    else:
        if CLOCKS.search(question.sql):
            return True
        values = [one for parameter in question.parameters for one in _each(parameter.value)]
    return any(isinstance(one, str) and one in DAYS | PERIODS for one in values)


def _each(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
