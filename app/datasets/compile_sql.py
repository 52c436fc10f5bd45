"""A tree of the small language becomes a condition for PostgreSQL that keeps the same rows as `compile_rule` does.

Whole numbers are counted without an end here, while a column of Polars would wrap around at 2^63.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from app.datasets.expressions import ExpressionError, Node

Sql = sql.Composable
TYPES = {
    "integer": "bigint",
    "decimal": "numeric",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "text": "text",
}
SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
ARITHMETIC = ("+", "-", "*", "/", "%")
TEMPLATES = {
    "not": "not {0}",
    "negative": "- {0}",
    "abs": "abs({0})",
    "len": "char_length({0})",
    "lower": "lower({0})",
    "upper": "upper({0})",
    "year": "extract(year from {0})::bigint",
    "month": "extract(month from {0})::bigint",
    "day": "extract(day from {0})::bigint",
    "weekday": "extract(isodow from {0})::bigint",
    "date": "{0}::date",
    "midnight": "{0}::timestamp",
    "is_missing": "{0} is null",
    "contains": "strpos({0}, {1}) > 0",
    "starts_with": "starts_with({0}, {1})",
    "ends_with": "right({0}, char_length({1})) = {1}",
}


def compile_sql(node: Node, now: datetime) -> Sql:
    """In brackets. Every text of the person is a literal or the name of a column."""
    return sql.SQL("({})").format(_compiled(node, now))


def _compiled(node: Node, now: datetime) -> Sql:
    if node.operation == "column":
        return sql.Identifier(node.value)
    if node.operation == "value":
        return _literal(node.kind, node.value)
    if node.operation == "moment":
        utc = _naive(now)
        return _literal(node.kind, utc.date() if node.kind == "date" else utc)
    parts = [compile_sql(part, now) for part in node.parts]
    if node.operation in ("and", "or"):
        return sql.SQL(f" {node.operation} ").join(parts)
    if node.operation in COMPARISONS:
        return _compared(node, parts)
    if node.operation in ARITHMETIC:
        return _calculated(node, parts)
    if node.operation == "trim":
        return sql.SQL("btrim({}, {})").format(parts[0], sql.Literal(SPACES))
    return sql.SQL(TEMPLATES[node.operation]).format(*parts)


def _literal(kind: str, value: Any) -> Sql:
    if kind == "text":
        _require_storable(value)
    if isinstance(value, datetime):
        value = _naive(value)
    shown = repr(value) if isinstance(value, float) else str(value)
    return sql.SQL("{}::" + TYPES[kind]).format(sql.Literal(shown))


def _require_storable(text: str) -> None:
    try:
        if "\0" not in text and text.encode():
            return
    except UnicodeEncodeError:
        pass
    if text:
        reason = f"the text {text!r} holds a character that no row can hold"
        raise ExpressionError(f"rule: {reason}", reason)


def _naive(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _compared(node: Node, parts: list[Sql]) -> Sql:
    """Numbers of different kinds meet as floats, exact ones stay exact; texts by their characters' numbers."""
    kinds = {part.kind for part in node.parts}
    left, right = _floats(parts) if "number" in kinds else parts
    order = sql.SQL(' collate "C"' if kinds == {"text"} else "")
    return sql.SQL("{} " + COMPARISONS[node.operation] + " {}{}").format(left, right, order)


def _calculated(node: Node, parts: list[Sql]) -> Sql:
    if node.kind == "number":
        left, right = _floats(parts)
        return FLOATS[node.operation](left, right)
    left, right = (sql.SQL("{}::numeric").format(part) for part in parts)
    if node.operation == "%":
        return sql.SQL("({0} % nullif({1}, 0) + {1}) % nullif({1}, 0)").format(left, right)
    return sql.SQL("{} " + node.operation + " {}").format(left, right)


def _floats(parts: list[Sql]) -> list[Sql]:
    return [sql.SQL("{}::double precision").format(part) for part in parts]


def _remainder(left: Sql, right: Sql) -> Sql:
    """With the sign of the divisor, as in Python. Nothing for a division by nothing."""
    return sql.SQL("{0} - {1} * floor({0} / nullif({1}, 0))").format(left, right)


FLOATS: dict[str, Callable[[Sql, Sql], Sql]] = {
    "+": lambda left, right: sql.SQL("{} + {}").format(left, right),
    "-": lambda left, right: sql.SQL("{} - {}").format(left, right),
    "*": lambda left, right: sql.SQL("{} * {}").format(left, right),
    "/": lambda left, right: sql.SQL("{} / nullif({}, 0)").format(left, right),
    "%": _remainder,
}
