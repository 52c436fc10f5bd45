"""Stretches of days by name, so that a template says "last full month" and every run knows which one that is.

A period is half open: it holds `since` and does not hold `until`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, model_validator


class Period(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.until <= self.since:
            raise ValueError(f"the period ends on {self.until}, which is not after its start {self.since}")
        return self

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def label(self) -> str:
        """For people, with the last day included: "1–30 Nov 2026"."""
        first, last = self.since, self.last_day
        if first == last:
            return _day(first)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{_day(last)}"
        if first.year == last.year:
            return f"{first.day} {first:%b} – {_day(last)}"
        return f"{_day(first)} – {_day(last)}"


class RelativePeriod(StrEnum):
    last_full_week = "last_full_week"
    last_full_month = "last_full_month"
    last_full_quarter = "last_full_quarter"
    last_full_year = "last_full_year"
    this_week = "this_week"
    this_month = "this_month"
    this_year = "this_year"
    last_7_days = "last_7_days"
    last_30_days = "last_30_days"
    last_365_days = "last_365_days"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


class RelativeDay(StrEnum):
    today = "today"
    yesterday = "yesterday"
    start_of_week = "start_of_week"
    start_of_month = "start_of_month"
    start_of_year = "start_of_year"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


def period_of(name: RelativePeriod, today: date) -> Period:
    """Weeks start on Monday. "This …" and "last n days" end with today."""
    since, until = _PERIODS[name](today)
    return Period(since=since, until=until)


def day_of(name: RelativeDay, today: date) -> date:
    return {
        RelativeDay.today: today,
        RelativeDay.yesterday: today - timedelta(days=1),
        RelativeDay.start_of_week: _monday(today),
        RelativeDay.start_of_month: today.replace(day=1),
        RelativeDay.start_of_year: today.replace(month=1, day=1),
    }[name]


def previous(period: Period) -> Period:
    """Whole months are compared with as many whole months before them, anything else with as many days."""
    if period.since.day == 1 and period.until.day == 1:
        months = _months(period.until) - _months(period.since)
        return Period(since=_month_at(_months(period.since) - months), until=period.since)
    return Period(since=period.since - (period.until - period.since), until=period.since)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month_at(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def _last_months(today: date, size: int) -> tuple[date, date]:
    """The last `size` calendar months that are over and that start on a multiple of `size`."""
    end = _months(today) // size * size
    return _month_at(end - size), _month_at(end)


def _last_days(today: date, days: int) -> tuple[date, date]:
    return today - timedelta(days=days - 1), today + timedelta(days=1)


_PERIODS: dict[RelativePeriod, Callable[[date], tuple[date, date]]] = {
    RelativePeriod.last_full_week: lambda day: (_monday(day) - timedelta(days=7), _monday(day)),
    RelativePeriod.last_full_month: lambda day: _last_months(day, 1),
    RelativePeriod.last_full_quarter: lambda day: _last_months(day, 3),
    RelativePeriod.last_full_year: lambda day: _last_months(day, 12),
    RelativePeriod.this_week: lambda day: (_monday(day), day + timedelta(days=1)),
    RelativePeriod.this_month: lambda day: (day.replace(day=1), day + timedelta(days=1)),
    RelativePeriod.this_year: lambda day: (day.replace(month=1, day=1), day + timedelta(days=1)),
    RelativePeriod.last_7_days: lambda day: _last_days(day, 7),
    RelativePeriod.last_30_days: lambda day: _last_days(day, 30),
    RelativePeriod.last_365_days: lambda day: _last_days(day, 365),
}
