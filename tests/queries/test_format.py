from datetime import date
from typing import Any

import pytest

from app.queries.format import NumberFormat, Style, format_change, format_number, format_value
from app.queries.periods import Period, RelativePeriod, period_of, previous
from app.queries.schemas import Bucket, ResultColumn


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        ("1234567.50", NumberFormat(), "1,234,567.50"),
        ("3828.320000", NumberFormat(), "3,828.32"),
        ("0.000120", NumberFormat(), "0.00012"),
        ("15.000000", NumberFormat(), "15.00"),
        (-1200, NumberFormat(), "−1,200"),
        (0.1 + 0.2, NumberFormat(), "0.3"),
        (1234.5678, NumberFormat(decimals=1), "1,234.6"),
        ("0.2534", NumberFormat(style=Style.percent), "25.34 %"),
        (1250000, NumberFormat(style=Style.compact), "1.25 M"),
        ("-19.9", NumberFormat(prefix="€", decimals=2), "−€19.90"),
        ("99999999999999999999.01", NumberFormat(), "99,999,999,999,999,999,999.01"),
    ],
)
def test_numbers_read_well_and_exact_ones_stay_exact(value: Any, shape: NumberFormat, text: str) -> None:
    assert format_number(value, shape) == text


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, ResultColumn(name="x", type="integer"), "–"),
        (True, ResultColumn(name="x", type="boolean"), "yes"),
        ("2026-02-01", ResultColumn(name="x", type="date", bucket=Bucket.month), "Feb 2026"),
        ("2026-04-01", ResultColumn(name="x", type="date", bucket=Bucket.quarter), "Q2 2026"),
        ("2026-02-01", ResultColumn(name="x", type="date"), "2026-02-01"),
        ("2026-02-01T08:05:00", ResultColumn(name="x", type="timestamp"), "2026-02-01 08:05"),
    ],
)
def test_other_values_read_by_their_type(value: Any, column: ResultColumn, text: str) -> None:
    assert format_value(value, column) == text


@pytest.mark.parametrize(
    ("now", "before", "text"), [(12, 10, "+20.0 %"), (0, 5, "−100.0 %"), (3, 0, "new"), (0, 0, "no change")]
)
def test_changes_are_relative_to_what_was(now: int, before: int, text: str) -> None:
    assert format_change(now, before) == text


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        (RelativePeriod.last_full_week, date(2025, 12, 22), date(2025, 12, 29)),
        (RelativePeriod.last_full_month, date(2025, 12, 1), date(2026, 1, 1)),
        (RelativePeriod.last_full_quarter, date(2025, 10, 1), date(2026, 1, 1)),
        (RelativePeriod.last_full_year, date(2025, 1, 1), date(2026, 1, 1)),
        (RelativePeriod.last_7_days, date(2025, 12, 27), date(2026, 1, 3)),
        (RelativePeriod.this_month, date(2026, 1, 1), date(2026, 1, 3)),
    ],
)
def test_relative_periods_around_new_year(name: RelativePeriod, since: date, until: date) -> None:
    assert period_of(name, date(2026, 1, 2)) == Period(since=since, until=until)


def test_a_month_is_compared_with_the_month_before_and_a_week_with_the_week_before() -> None:
    march = Period(since=date(2026, 3, 1), until=date(2026, 4, 1))
    week = Period(since=date(2026, 3, 2), until=date(2026, 3, 9))
    assert previous(march) == Period(since=date(2026, 2, 1), until=date(2026, 3, 1))
    assert previous(week) == Period(since=date(2026, 2, 23), until=date(2026, 3, 2))


def test_a_period_reads_with_its_last_day_included() -> None:
    assert Period(since=date(2026, 11, 1), until=date(2026, 12, 1)).label == "1–30 Nov 2026"
    assert Period(since=date(2026, 11, 30), until=date(2026, 12, 7)).label == "30 Nov – 6 Dec 2026"
