"""Days of a zone as moments. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from app.core.errors import Invalid
from app.tasks.metrics.schemas import MetricsQuery

WEEKS, MAX_DAYS = 12, 1_100
BEFORE = timedelta(weeks=4)


class Window(NamedTuple):
    """`edges` are the starts of the days and the end of the last one; nothing from `end` on is looked at."""

    since: date
    until: date
    zone: ZoneInfo
    days: list[date]
    edges: list[datetime]
    before: datetime
    end: datetime
    today: date


def window_of(query: MetricsQuery, default_zone: str, now: datetime) -> Window:
    """Days that have not begun are left out. Raises Invalid."""
    zone = zone_of(query.zone or default_zone)
    today = now.astimezone(zone).date()
    until = query.until or today + timedelta(days=1)
    _check_range(until, query.since or until)
    since = query.since or until - timedelta(weeks=WEEKS)
    _check(since, until, today)
    days = [since + timedelta(days=n) for n in range((min(until, today + timedelta(days=1)) - since).days)]
    edges = [start_of(day, zone) for day in [*days, days[-1] + timedelta(days=1)]]
    end = min(edges[-1], now)
    return Window(since, until, zone, days, edges, start_of(since - BEFORE, zone), end, end.astimezone(zone).date())


def zone_of(name: str) -> ZoneInfo:
    if name not in available_timezones():
        raise Invalid(f"zone: “{name}” is no time zone. Give one such as Europe/Berlin.")
    return ZoneInfo(name)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """In UTC: two moments of one zone would compare by what the clocks show."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _check_range(*days: date) -> None:
    if not all(date(1971, 1, 1) <= day <= date(2199, 12, 31) for day in days):
        raise Invalid("since, until: give days from 1971 to 2199.")


def _check(since: date, until: date, today: date) -> None:
    if since >= until:
        raise Invalid(f"until: {until} is not after since, {since}. It is the first day that no longer counts.")
    if since > today:
        raise Invalid(f"since: {since} has not come yet.")
    if (until - since).days > MAX_DAYS:
        raise Invalid(f"since, until: {(until - since).days:,} days are too many, at most {MAX_DAYS:,}.")
