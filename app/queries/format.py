"""How a value reads, in one place: pages, reports and mails show the same text for the same value."""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from app.queries.schemas import Bucket, ResultColumn, Shape

NOTHING = "–"
NUMERIC = {"integer", "decimal", "number"}


class Style(StrEnum):
    plain = "plain"
    percent = "percent"
    compact = "compact"


class NumberFormat(Shape):
    """`percent` shows 0.25 as 25 %; `compact` shows 1250000 as 1.25 M."""

    style: Style = Style.plain
    decimals: int | None = Field(None, ge=0, le=10)
    prefix: str = Field("", max_length=10)
    suffix: str = Field("", max_length=20)


PLAIN = NumberFormat()


def format_value(value: Any, column: ResultColumn, number: NumberFormat = PLAIN) -> str:
    if value is None:
        return NOTHING
    if column.type in NUMERIC:
        return format_number(value, number)
    if column.type == "boolean":
        return "yes" if value else "no"
    if column.type == "date":
        return _format_date(date.fromisoformat(str(value)), column.bucket)
    if column.type == "timestamp":
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M}"
    return str(value)


def format_number(value: Any, number: NumberFormat = PLAIN) -> str:
    """Exact decimals arrive as text and keep the digits that say something, unless the format asks for fewer."""
    exact = Decimal(str(value))
    unit = ""
    if number.style is Style.percent:
        exact, unit = exact * 100, " %"
    elif number.style is Style.compact:
        exact, unit = _compact(exact)
    sign = "−" if exact < 0 else ""
    digits = _digits(abs(exact), number.decimals, isinstance(value, float) or bool(unit))
    return f"{sign}{number.prefix}{digits}{unit}{number.suffix}"


def format_change(present: Any, before: Any) -> str:
    """The relative change as people say it; from nothing there is no percentage."""
    new, old = Decimal(str(present)), Decimal(str(before))
    if old == 0:
        return "no change" if new == 0 else "new"
    share = (new - old) / abs(old) * 100
    return f"{'−' if share < 0 else '+' if share > 0 else '±'}{abs(share):,.1f} %"


def _digits(exact: Decimal, decimals: int | None, shorten: bool) -> str:
    if decimals is not None:
        return f"{exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):,f}"
    if not shorten:
        return _without_padding(f"{exact:,f}")
    text = f"{exact.quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _without_padding(text: str) -> str:
    """A column of six decimals pads its values with zeros; two are kept, as in money."""
    whole, point, fraction = text.partition(".")
    return f"{whole}{point}{fraction[:2]}{fraction[2:].rstrip('0')}"


def _compact(exact: Decimal) -> tuple[Decimal, str]:
    for power, unit in ((9, " bn"), (6, " M"), (3, " k")):
        if abs(exact) >= Decimal(1).scaleb(power):
            return exact.scaleb(-power), unit
    return exact, ""


def _format_date(day: date, bucket: Bucket | None) -> str:
    if bucket is Bucket.month:
        return f"{day:%b %Y}"
    if bucket is Bucket.quarter:
        return f"Q{(day.month + 2) // 3} {day.year}"
    if bucket is Bucket.year:
        return str(day.year)
    return day.isoformat()
