"""Dates and times as people write them, 31.12.2025 14:05: the one form that a column proves to be in, or none.

Proof is a year in front, or a number above 12 that can only be a day. 03/04/2026 alone proves nothing.
"""

import re

import polars as pl

from app.core import clock
from app.datasets.conditions import FIRST_YEAR
from app.datasets.convert import converters, would_change
from app.datasets.schemas import Column, ColumnType

WRITTEN = re.compile(r"\d{1,4}(?P<sign>[./-])\d{1,2}(?P=sign)\d{1,4}(?:(?P<between>,? |T)\d.*)?")
DAYS = ("%Y{0}%m{0}%d", "%d{0}%m{0}%Y", "%m{0}%d{0}%Y")
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")  # from the plainest on


def dated(values: pl.Series) -> tuple[ColumnType, str] | None:
    """The type and the form of a column, where exactly one way to read its days fits all values."""
    written = WRITTEN.fullmatch(str(values[0])) if len(values) else None
    if written is None:
        return None
    between = written["between"]
    kind = ColumnType.timestamp if between else ColumnType.date
    ends = [between + time for time in TIMES] if between else [""]
    days = [day.format(written["sign"]) for day in DAYS]
    forms = [next((day + end for end in ends if _fits(kind, day + end, values)), None) for day in days]
    found = [form for form in forms if form]
    return (kind, found[0]) if len(found) == 1 else None


def years_are_likely(values: pl.Series) -> bool:
    return bool(values.dt.year().is_between(FIRST_YEAR, clock.now().year + 100).all())


def _fits(kind: ColumnType, form: str, values: pl.Series) -> bool:
    """Read the way a load reads it, with nothing lost."""
    column = Column(name="x", type=kind, formats=[form])
    [read], lost = converters(column), would_change(column, pl.col("x"))
    frame = values.alias("x").to_frame()
    typed = frame.select(read(pl.col("x"))).to_series()
    if typed.null_count() or not years_are_likely(typed):
        return False
    return lost is None or not frame.select(lost.any()).item()
