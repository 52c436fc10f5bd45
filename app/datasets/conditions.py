"""What a schema demands, as one true-or-false expression per rule with the words for its failures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl

from app.datasets.columns import parse_limit, precision_of, read_rule, scale_of
from app.datasets.compile_rule import compile_rule, too_large
from app.datasets.convert import converters, type_of, would_change
from app.datasets.exactness import DIGITS
from app.datasets.expressions import columns_of
from app.datasets.named import named
from app.datasets.schemas import Column, DatasetSchema, Limit

TEXT = "__text_"
FIRST_YEAR, LAST_YEAR = 1000, 9999
LISTED = 12
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false (also yes/no, 1/0)",
    "date": "a date",
    "timestamp": "a date and time",
}
WHOLE = r"^\s*[+-]?(?:\d[.\s]?){19,}$"  # what can only have failed by being too large
LARGEST = " between -9223372036854775808 and 9223372036854775807"


BOUNDS: dict[str, tuple[Callable[[pl.Expr, pl.Expr], pl.Expr], str]] = {
    "min": (lambda value, limit: value < limit, "less than"),
    "max": (lambda value, limit: value > limit, "more than"),
    "exclusive_min": (lambda value, limit: value <= limit, "not more than"),
    "exclusive_max": (lambda value, limit: value >= limit, "not less than"),
}


@dataclass(frozen=True)
class Condition:
    """`fails` is asked of a frame that has each column typed, and its text as `__text_name`.

    `words` follow the column and the value in the message: `currency "JPY"` + ` is not one of …`. Values that fit the
    pattern in `otherwise` get the words beside it.
    """

    column: str
    rule: str
    fails: pl.Expr
    words: str
    shows: tuple[str, ...]
    otherwise: tuple[str, str] | None = None


def conditions(schema: DatasetSchema, now: datetime) -> list[Condition]:
    of_columns = [one for column in schema.columns for one in _of_column(column, schema, now)]
    return [*of_columns, *_of_rules(schema, now)]


def nul_conditions(schema: DatasetSchema) -> list[Condition]:
    """Asked only where a block holds the byte at all. PostgreSQL cannot store it."""
    return [
        _condition(column, "nul", pl.col(TEXT + column.name).str.contains("\0", literal=True), " holds a NUL byte.")
        for column in schema.columns
    ]


def _condition(column: Column, rule: str, fails: pl.Expr, words: str) -> Condition:
    return Condition(column.name, rule, fails, words, (column.name,))


def _of_column(column: Column, schema: DatasetSchema, now: datetime) -> Iterator[Condition]:
    text = pl.col(TEXT + column.name)
    if column.required or column.name in schema.key:
        yield _condition(column, "required", text.is_null(), " is missing.")
    yield from _of_type(column, text)
    yield from _of_limits(column, now)
    yield from _of_text(column, text)
    if column.allowed is not None:
        yield _allowed(column, column.allowed)


def _of_type(column: Column, text: pl.Expr) -> Iterator[Condition]:
    value = named(column.name)
    if column.type != "text":
        unread = _condition(column, "type", value.is_null() & text.is_not_null(), f" is not {_kind(column)}.")
        beyond = f" is not {_kind(column, LARGEST)}."
        yield replace(unread, otherwise=(WHOLE, beyond)) if column.type == "integer" else unread
    if column.type == "number":
        yield _condition(column, "finite", ~value.is_finite(), " is not a finite number.")
    if column.type in ("date", "timestamp"):
        first, last = _years(column)
        strange = (value < pl.lit(first)) | (value > pl.lit(last))
        yield _condition(column, "year", strange, f" has a year outside {FIRST_YEAR} to {LAST_YEAR}.")
    changes = would_change(column, text)
    if changes is not None:
        rule, words = _change_words(column)
        yield _condition(column, rule, changes.fill_null(value=False) & value.is_not_null(), words)


def _years(column: Column) -> tuple[date, date]:
    """The first and the last value that there may be."""
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    if column.type == "date":
        return first, last
    return datetime.combine(first, time.min), datetime.combine(last, time.max)


def _kind(column: Column, limits: str = "") -> str:
    formats = f" in the form {' or '.join(column.formats)}" if column.formats else ""
    if column.type == "decimal":
        digits = precision_of(column) - scale_of(column)
        return f"a decimal number with at most {digits} digits before the point{formats}"
    return KINDS[column.type] + limits + formats


def _change_words(column: Column) -> tuple[str, str]:
    if column.type == "decimal":
        return "decimals", f" has more than {scale_of(column)} decimals, or an exponent."
    return "precision", " has a second 60, or more than six digits of a second."


def _of_limits(column: Column, now: datetime) -> Iterator[Condition]:
    for rule, (fails, words) in BOUNDS.items():
        limit: Limit | None = getattr(column, rule)
        if limit is not None:
            value, bound = _bound(column, limit, now)
            yield _condition(column, rule, fails(value, bound), f" is {words} {limit}.")


def _bound(column: Column, limit: Limit, now: datetime) -> tuple[pl.Expr, pl.Expr]:
    """Column and limit in one type. `today` means the whole day, also for timestamps."""
    value, parsed = named(column.name), parse_limit(column, limit)
    if isinstance(parsed, Decimal):
        return _numeric_bound(column, value, parsed)
    moment = now.astimezone(UTC).replace(tzinfo=None)
    if parsed == "today" or (parsed == "now" and column.type == "date"):
        return value.cast(pl.Date()), pl.lit(moment.date())
    if parsed == "now":
        return value, pl.lit(moment)
    if isinstance(parsed, datetime):
        parsed = parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    assert isinstance(parsed, date)
    return value, pl.lit(parsed)


def _numeric_bound(column: Column, value: pl.Expr, limit: Decimal) -> tuple[pl.Expr, pl.Expr]:
    if column.type == "decimal":
        scale = max(scale_of(column), -int(limit.as_tuple().exponent))
        if precision_of(column) - scale_of(column) + scale > DIGITS or abs(limit) >= 10 ** (DIGITS - scale):
            return value.cast(pl.Float64()), pl.lit(float(limit))  # so fine or so far off that rounding does not matter
        return value.cast(pl.Decimal(38, scale)), pl.lit(str(limit)).cast(pl.Decimal(38, scale))
    if column.type == "integer" and limit == limit.to_integral_value() and abs(limit) < 2**63:
        return value, pl.lit(int(limit), dtype=pl.Int64())
    return value.cast(pl.Float64()), pl.lit(float(limit))


def _of_text(column: Column, text: pl.Expr) -> Iterator[Condition]:
    if column.min_length is not None:
        short = text.str.len_chars() < column.min_length
        yield _condition(column, "min_length", short, f" has fewer than {column.min_length} characters.")
    if column.max_length is not None:
        long = text.str.len_chars() > column.max_length
        yield _condition(column, "max_length", long, f" has more than {column.max_length} characters.")
    if column.pattern is not None:
        yield _condition(column, "pattern", ~text.str.contains(column.pattern), f" does not match {column.pattern}.")


def _allowed(column: Column, allowed: list[str]) -> Condition:
    """Compared as values: `01` is the integer 1, `1.50` the decimal 1.5."""
    values = pl.Series("allowed", allowed, dtype=pl.String()).to_frame()
    typed = pl.coalesce([reading(pl.col("allowed")) for reading in converters(column)])
    choices = values.select(typed.cast(type_of(column))).to_series().drop_nulls()
    listed = ", ".join(allowed[:LISTED]) + (", …" if len(allowed) > LISTED else "")
    return _condition(column, "allowed", ~named(column.name).is_in(choices.implode()), f" is not one of {listed}.")


def _of_rules(schema: DatasetSchema, now: datetime) -> Iterator[Condition]:
    for rule in schema.rules:
        tree = read_rule(schema, rule.expression)
        shows, holds, beyond = tuple(columns_of(tree)), compile_rule(tree, now), too_large(tree, now)
        words = rule.message or f"{rule.expression} does not hold."
        yield Condition(", ".join(shows), rule.name, ~holds, words, shows)
        if beyond is not None:
            words = f"{rule.expression} cannot be told: the numbers are too large to calculate with."
            yield Condition(", ".join(shows), rule.name, holds.is_null() & beyond, words, shows)
