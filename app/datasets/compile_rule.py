"""A rule's tree becomes a column expression. A missing value makes a condition unknown: that is no failure."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from app.datasets.exactness import needs_wide, risks
from app.datasets.expressions import Node
from app.datasets.named import named

Build = Callable[[Node, list[pl.Expr]], pl.Expr]


def compile_rule(node: Node, now: datetime) -> pl.Expr:
    """`now` is fixed for a batch, so that a load that was resumed judges all rows alike."""
    parts = [_guarded(node, part, now) for part in node.parts]
    if node.operation == "column":
        return named(node.value)
    if node.operation == "moment":
        utc = now.astimezone(UTC).replace(tzinfo=None)
        return pl.lit(utc.date() if node.kind == "date" else utc)
    if node.operation == "value":
        return _literal(node)
    if node.operation in COMPARE:
        return COMPARE[node.operation](*_comparable(node, parts))
    if node.operation in ARITHMETIC:
        return ARITHMETIC[node.operation](node, parts)
    return FUNCTIONS[node.operation](parts)


def too_large(node: Node, now: datetime) -> pl.Expr | None:
    """True for rows where some step cannot be calculated exactly: there the rule is unknown. None: no row can be."""
    inner = [too_large(part, now) for part in node.parts]
    found = [one for one in (*inner, _beyond(node, now)) if one is not None]
    return pl.any_horizontal(found) if found else None


def _guarded(node: Node, part: Node, now: datetime) -> pl.Expr:
    """An operand, missing where this step would leave the digits that there are: it must not stop the whole load."""
    value = compile_rule(part, now)
    if needs_wide(node) or needs_wide(part):
        value = value.cast(pl.Int128()) if part.kind == "integer" else value
    beyond = _beyond(node, now)
    return value if beyond is None else pl.when(~beyond).then(value)


def _beyond(node: Node, now: datetime) -> pl.Expr | None:
    doubts = [_roughly(one, now).abs() >= limit for one, limit in risks(node)]
    return pl.any_horizontal(doubts) if doubts else None


def _roughly(node: Node, now: datetime) -> pl.Expr:
    """In floating point, which is good enough to tell the size."""
    if node.operation in ROUGH:
        return ROUGH[node.operation]([_roughly(part, now) for part in node.parts])
    return compile_rule(node, now).cast(pl.Float64())


def _literal(node: Node) -> pl.Expr:
    if node.kind == "decimal":
        return pl.lit(node.value).cast(pl.Decimal(38, node.scale))
    if node.kind == "timestamp" and node.value.tzinfo is not None:
        return pl.lit(node.value.astimezone(UTC).replace(tzinfo=None))
    return pl.lit(node.value)


def _comparable(node: Node, parts: list[pl.Expr]) -> list[pl.Expr]:
    """Numbers of different kinds meet as floats, exact ones as decimals of the finer scale."""
    kinds = {part.kind for part in node.parts}
    if kinds == {"decimal"} or kinds == {"decimal", "integer"}:
        return _decimals(node, parts, max(part.scale for part in node.parts))
    return _floats(parts) if "number" in kinds else parts


def _decimals(_node: Node, parts: list[pl.Expr], scale: int) -> list[pl.Expr]:
    return [part.cast(pl.Decimal(38, scale)) for part in parts]


def _floats(parts: list[pl.Expr]) -> list[pl.Expr]:
    return [part.cast(pl.Float64()) for part in parts]


def _arithmetic(sign: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Build:
    def build(node: Node, parts: list[pl.Expr]) -> pl.Expr:
        if node.kind == "decimal":
            return sign(*_decimals(node, parts, node.scale))
        return sign(*_floats(parts)) if node.kind == "number" else sign(*parts)

    return build


COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
ARITHMETIC: dict[str, Build] = {
    "+": _arithmetic(lambda left, right: left + right),
    "-": _arithmetic(lambda left, right: left - right),
    "*": _arithmetic(lambda left, right: left * right),
    "/": _arithmetic(lambda left, right: pl.when(right != 0).then(left / right)),
    "%": _arithmetic(lambda left, right: pl.when(right != 0).then(left % right)),
    # Polars cannot negate wide whole numbers.
    "negative": lambda node, parts: parts[0] * -1 if node.kind == "integer" else -parts[0],
}
ROUGH: dict[str, Callable[[list[pl.Expr]], pl.Expr]] = {
    "+": lambda parts: parts[0] + parts[1],
    "-": lambda parts: parts[0] - parts[1],
    "*": lambda parts: parts[0] * parts[1],
    "%": lambda parts: parts[0] % parts[1],
    "abs": lambda parts: parts[0].abs(),
    "negative": lambda parts: -parts[0],
}
FUNCTIONS: dict[str, Callable[[list[pl.Expr]], pl.Expr]] = {
    "and": lambda parts: pl.all_horizontal(parts),
    "or": lambda parts: pl.any_horizontal(parts),
    "not": lambda parts: ~parts[0],
    "abs": lambda parts: parts[0].abs(),
    "len": lambda parts: parts[0].str.len_chars().cast(pl.Int64()),
    "lower": lambda parts: parts[0].str.to_lowercase(),
    "upper": lambda parts: parts[0].str.to_uppercase(),
    "trim": lambda parts: parts[0].str.strip_chars(),
    "year": lambda parts: parts[0].dt.year().cast(pl.Int64()),
    "month": lambda parts: parts[0].dt.month().cast(pl.Int64()),
    "day": lambda parts: parts[0].dt.day().cast(pl.Int64()),
    "weekday": lambda parts: parts[0].dt.weekday().cast(pl.Int64()),
    "date": lambda parts: parts[0].cast(pl.Date()),
    "midnight": lambda parts: parts[0].cast(pl.Datetime("us")),
    "is_missing": lambda parts: parts[0].is_null(),
    "contains": lambda parts: parts[0].str.contains(parts[1], literal=True),
    "starts_with": lambda parts: parts[0].str.starts_with(parts[1]),
    "ends_with": lambda parts: parts[0].str.ends_with(parts[1]),
}
