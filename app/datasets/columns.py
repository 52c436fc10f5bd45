"""Whether a column and a schema make sense, said in the words of the person who wrote them."""

import math
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from app.datasets import expressions

if TYPE_CHECKING:
    from app.datasets.rules import Column, DatasetSchema

MAX_NAME_BYTES = 63
DEFAULT_DECIMALS = 6
MOMENTS = ("now", "today")
LIMITS = ("min", "max", "exclusive_min", "exclusive_max")
NUMERIC = ("integer", "decimal", "number")
DECIMAL_COMMA = ("1234,56", "1.234,56", "1 234,56")  # how a column may say that its numbers are written
ORDERED = (*NUMERIC, "date", "timestamp")
SPELLING = {"d": "%d", "m": "%m", "y": "%Y"}
SPELLED = re.compile(
    r"(?P<first>dd?|mm?|yyyy)(?P<sign>[./-])(?P<second>dd?|mm?)(?P=sign)(?P<third>dd?|mm?|yyyy)"
    r"(?P<time> hh?:mm(?P<seconds>:ss)?)?",
    re.IGNORECASE,
)


def check_column_name(name: str) -> str:
    """A name must fit into PostgreSQL, DuckDB and a spreadsheet alike."""
    if not name.strip() or name != name.strip():
        raise ValueError("a column name must not be empty nor start or end with a space")
    if name.startswith("_"):
        raise ValueError(f"column {name!r}: names that start with _ are kept for the product")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"column {name[:20]!r}…: a name may have {MAX_NAME_BYTES} bytes at most")
    if any(ord(sign) < 32 for sign in name):
        raise ValueError(f"column {name!r}: a name must not hold control characters")
    return name


def check_column(column: "Column") -> None:
    """Raises ValueError that names the column, the value and the way out."""
    _check_limits(column)
    _check_for_type(column)
    _check_pattern(column)
    _check_formats(column)
    _check_number_form(column)


def _check_limits(column: "Column") -> None:
    for name in LIMITS:
        limit = getattr(column, name)
        if limit is None:
            continue
        if column.type not in ORDERED:
            raise ValueError(f"column {column.name!r}: {name} needs a number, date or timestamp, not {column.type}")
        parse_limit(column, limit)


def parse_limit(column: "Column", limit: int | float | str) -> Decimal | date | datetime | str:
    """A moment stays a word: it gets its value when a batch is checked."""
    if column.type in NUMERIC:
        return _number(column, limit)
    if limit in MOMENTS:
        return str(limit)
    try:
        return date.fromisoformat(str(limit)) if column.type == "date" else expressions.read_moment(str(limit))
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"column {column.name!r}: limit {limit!r} is not an ISO {column.type} such as 2026-01-31, now or today"
        ) from error


def _number(column: "Column", limit: int | float | str) -> Decimal:
    try:
        number = Decimal(str(limit))
    except InvalidOperation as error:
        raise ValueError(f"column {column.name!r}: limit {limit!r} is not a number") from error
    if not math.isfinite(number):
        raise ValueError(f"column {column.name!r}: limit {limit!r} is not finite")
    return number


def _check_for_type(column: "Column") -> None:
    only_text = [name for name in ("min_length", "max_length", "pattern") if getattr(column, name) is not None]
    if only_text and column.type != "text":
        raise ValueError(f"column {column.name!r}: {only_text[0]} needs type text, not {column.type}")
    if column.decimals is not None and column.type != "decimal":
        raise ValueError(f"column {column.name!r}: decimals needs type decimal, not {column.type}")
    if column.references is not None and column.type in ("number", "boolean"):
        raise ValueError(f"column {column.name!r}: references needs exact values, not {column.type}; take decimal")
    if column.allowed is not None and not column.allowed:
        raise ValueError(f"column {column.name!r}: allowed is an empty list, which refuses every value")


def _check_pattern(column: "Column") -> None:
    if column.pattern is None:
        return
    try:
        re.compile(column.pattern)
    except re.error as error:
        raise ValueError(f"column {column.name!r}: pattern {column.pattern!r} is not a regular expression") from error
    if re.search(r"\(\?[=!<]|\\\d", column.pattern):
        raise ValueError(f"column {column.name!r}: pattern must not look around or refer back (linear time only)")


def _check_formats(column: "Column") -> None:
    if column.formats and column.type not in ORDERED:
        raise ValueError(f"column {column.name!r}: formats needs a number, date or timestamp, not {column.type}")
    for form in column.formats if column.type not in NUMERIC else ():
        if "%Y" not in form and "%F" not in form:
            raise ValueError(
                f"column {column.name!r}: format {form!r} has no four-digit year (%Y); %d is the day, %m the month, "
                f"%H:%M:%S the time{_meant(form)}"
            )


def _meant(form: str) -> str:
    """DD.MM.YYYY, as spreadsheets say it, in the words that are understood."""
    spelled = SPELLED.fullmatch(form)
    if spelled is None:
        return ""
    day = spelled["sign"].join(SPELLING[part[0].lower()] for part in spelled.group("first", "second", "third"))
    time = " %H:%M" if spelled["time"] else ""
    return f". Write {day + time + (':%S' if spelled['seconds'] else '')!r}"


def _check_number_form(column: "Column") -> None:
    if column.type in NUMERIC and column.formats and column.formats not in [[form] for form in DECIMAL_COMMA]:
        raise ValueError(
            f"column {column.name!r}: formats {', '.join(map(repr, column.formats))} must be one of "
            f"{', '.join(map(repr, DECIMAL_COMMA))} for numbers, or nothing where they have a decimal point"
        )


def check_schema(schema: "DatasetSchema") -> None:
    """Raises ValueError: names twice, keys and rules about columns that do not exist."""
    names = [column.name for column in schema.columns]
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice:
        raise ValueError(f"column {twice!r} is there twice (capitals do not count)")
    unknown = next((name for name in schema.key if name not in names), None)
    if unknown:
        raise ValueError(f"key column {unknown!r} is not among the columns")
    if schema.mode == "upsert" and not schema.key:
        raise ValueError("mode upsert needs a key: the columns that say which row is replaced")
    for rule in schema.rules:
        read_rule(schema, rule.expression)


def read_rule(schema: "DatasetSchema", expression: str) -> expressions.Node:
    kinds = {column.name: str(column.type) for column in schema.columns}
    scales = {column.name: scale_of(column) for column in schema.columns}
    return expressions.condition(expression, kinds, scales)


def scale_of(column: "Column") -> int:
    """Digits after the point that are stored."""
    if column.type != "decimal":
        return 0
    return column.decimals if column.decimals is not None else DEFAULT_DECIMALS


def precision_of(column: "Column") -> int:
    """18 digits are one machine word in the query engine; more decimals need the wide form."""
    return 18 if scale_of(column) <= 4 else 38
