"""From `7d` or `last-week` to days, as seen from one day."""

from calendar import monthrange
from datetime import date, timedelta

from app.tasks.filters.terms import Dated, Day, Moment, Period, Shift
from app.tasks.filters.words import PAST

Days = tuple[date | None, date | None]
ONE = timedelta(days=1)


def interval(term: Dated, today: date) -> Days:
    """The first day that is meant and the first one after; None where there is no end."""
    first, last = _days(term.first, term.field, today)
    if term.last is not None:
        other, end = _days(term.last, term.field, today)
        first, last = min(first, other), max(last, end)
    if term.by == "<":
        return None, first
    if term.by == "<=":
        return None, _after(last)
    if term.by == ">":
        return _after(last) or date.max, None
    return first, None if term.by == ">=" else _after(last)


def _after(day: date) -> date | None:
    return None if day == date.max else day + ONE


def _days(moment: Moment, field: str, today: date) -> tuple[date, date]:
    if isinstance(moment, Day):
        return moment.day, moment.day
    if isinstance(moment, Shift):
        day = _shifted(today, Shift(-moment.count, moment.unit) if field in PAST else moment)
        return day, day
    return _period(moment, today)


def _shifted(today: date, shift: Shift) -> date:
    if shift.unit in ("d", "w"):
        return today + shift.count * (7 if shift.unit == "w" else 1) * ONE
    return _months_later(today, shift.count * (12 if shift.unit == "y" else 1))


def _months_later(day: date, months: int) -> date:
    """The same day of that month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _period(period: Period, today: date) -> tuple[date, date]:
    which, _, unit = period.name.partition("-")
    if not unit:
        day = today + {"yesterday": -1, "today": 0, "tomorrow": 1}[which] * ONE
        return day, day
    step = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        monday = today - today.weekday() * ONE + step * 7 * ONE
        return monday, monday + 6 * ONE
    if unit == "month":
        first = _months_later(today.replace(day=1), step)
        return first, _months_later(first, 1) - ONE
    return date(today.year + step, 1, 1), date(today.year + step, 12, 31)
