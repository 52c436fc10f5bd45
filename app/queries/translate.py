"""Our SQL in the words of another database. Run in children only: what people wrote is parsed here."""

import re
import secrets
from dataclasses import replace
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from app.core.errors import Invalid
from app.queries.build_sql import Statement, Translated

TODAY = "_today"  # parameters of people begin with a letter
WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock, exp.Command, exp.Create, exp.Drop)


class NotTranslatable(Invalid):
    """This question cannot be asked in the dialect of that connection."""


def translate_built(statement: Statement, dialect: str) -> Translated:
    values = {f"v{place}": value for place, value in enumerate(statement.values)}
    return replace(translate_sql(_numbered(statement.sql), values, dialect), columns=statement.columns)


def _numbered(sql: str) -> str:
    """Each ? gets a name, from the last to the first so that places stay right. Names in quotes may hold a ?, too."""
    marks = [token for token in sqlglot.tokenize(sql, read="duckdb") if token.token_type is TokenType.PLACEHOLDER]
    for place, mark in reversed(list(enumerate(marks))):
        sql = f"{sql[: mark.start]}$v{place}{sql[mark.end + 1 :]}"
    return sql


def translate_sql(sql: str, values: dict[str, Any], dialect: str, today: date | None = None) -> Translated:
    """Colons of texts and casts are escaped, because `sqlalchemy.text` takes `:name` for a parameter.

    With `today` the current date is that day, whatever day it is where the question is answered.
    """
    tree = _portable(_one_select(sql))
    known = values
    if today:
        _bind_today(tree)
        known = {**values, TODAY: today}
    mark, used = f"p{secrets.token_hex(8)}_", {}
    for found in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        if found.name not in known:
            raise NotTranslatable(f'There is no parameter "{found.name}". Parameters: {", ".join(values) or "none"}.')
        used[found.name] = known[found.name]
        found.replace(exp.column(mark + found.name))
    try:
        text = tree.sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False)
    except sqlglot.errors.SqlglotError as error:
        raise NotTranslatable(f"This question cannot be asked in {dialect}: {error}") from error
    return Translated(re.sub(rf"{mark}(\w+)", r":\1", text.replace(":", "\\:")), used)


def _bind_today(tree: exp.Query) -> None:
    for found in list(tree.find_all(exp.CurrentDate)):
        day: exp.Expr = exp.Placeholder(this=TODAY)
        if isinstance(found.parent, exp.Select):
            day = exp.alias_(day, "current_date", quoted=True)
        found.replace(day)


def _portable(tree: exp.Query) -> exp.Query:
    """These functions have no twin in many databases; their meaning has."""
    for within in list(tree.find_all(exp.Contains)):
        place = exp.StrPosition(this=within.this, substr=within.expression)
        within.replace(exp.GT(this=place, expression=exp.Literal.number(0)))
    for begins in list(tree.find_all(exp.StartsWith)):
        head = exp.Left(this=begins.this, expression=exp.Length(this=begins.expression.copy()))
        begins.replace(exp.EQ(this=head, expression=begins.expression))
    return tree


def _one_select(sql: str) -> exp.Query:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except sqlglot.errors.ParseError as error:
        at = error.errors[0] if error.errors else {}
        raise NotTranslatable(
            f"Line {at.get('line', 1)}, column {at.get('col', 1)}: {at.get('description', 'this is not SQL')}."
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise NotTranslatable("Ask exactly one SELECT.")
    if next(trees[0].find_all(*WRITES), None) is not None:
        raise NotTranslatable("A question only reads: it holds no INTO, FOR UPDATE, INSERT, UPDATE or DELETE.")
    return trees[0]
