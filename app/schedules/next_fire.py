"""When does it run next? Pure: a timing and a moment in, a moment in UTC out.

Everything outside these functions is UTC. Python compares two datetimes of one zone by their wall clocks, so any
arithmetic in local time around a clock change is wrong without a word.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from app.core.errors import Invalid
from app.schedules.schemas import Kind, NextRun, Timing

DAY = 86_400
SHORTEST_INTERVAL, LONGEST_INTERVAL = 60, 10 * 366 * DAY
ENDINGS = {"1": "st", "2": "nd", "3": "rd"}
FIRST_YEAR, LAST_YEAR = 2000, 2199  # beyond them calendars end: an interval or a zone would lead out of time


class TimingInvalid(Invalid):
    """This schedule can never run."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, details=[{"field": field, "message": message}])


def check_timing(timing: Timing) -> None:
    """Raises TimingInvalid, which names the field, the value and the way out."""
    if timing.zone not in _zones():
        raise TimingInvalid("zone", f"{timing.zone!r} is not a time zone. Use a name such as Europe/Berlin or UTC.")
    if timing.kind is Kind.cron:
        _check_cron(timing.cron or "")
    elif timing.starts_at is None:
        raise TimingInvalid("starts_at", f"A schedule of kind {timing.kind.value} needs starts_at, a date and time.")
    elif not FIRST_YEAR <= timing.starts_at.year <= LAST_YEAR:
        years = f"{FIRST_YEAR} to {LAST_YEAR}"
        raise TimingInvalid("starts_at", f"starts_at must be in the years {years}, not {timing.starts_at.year}.")
    elif timing.kind is Kind.interval and not SHORTEST_INTERVAL <= (timing.every_seconds or 0) <= LONGEST_INTERVAL:
        raise TimingInvalid("every_seconds", f"every_seconds must be {SHORTEST_INTERVAL} to {LONGEST_INTERVAL}.")


def next_fire(timing: Timing, after: datetime) -> datetime | None:
    """The first run strictly after `after`, in UTC; None when there is none."""
    after = after.astimezone(UTC)
    if timing.kind is Kind.cron:
        return _next_by_cron(timing.cron or "", timing.zone, after)
    assert timing.starts_at is not None
    start = timing.starts_at.astimezone(UTC)
    if timing.kind is Kind.once:
        return start if start > after else None
    every = timing.every_seconds or 0
    if every % DAY == 0:
        return _next_by_days(start, every // DAY, timing.zone, after)
    passed = (after - start) // timedelta(seconds=every)
    return start + max(passed + 1, 0) * timedelta(seconds=every)


def fires(timing: Timing, after: datetime) -> Iterator[datetime]:
    while (following := next_fire(timing, after)) is not None:
        yield following
        after = following


def next_runs(timing: Timing, after: datetime, count: int) -> list[NextRun]:
    return [
        NextRun(at=fire, local=local_text(fire, timing.zone), note=clock_note(timing, fire))
        for fire in islice(fires(timing, after), count)
    ]


def local_text(moment: datetime, zone: str) -> str:
    """Such as `Mon 30 Mar 2026 09:00 +02:00`."""
    local = moment.astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {offset[:3]}:{offset[3:5]}"


def explain(timing: Timing) -> str:
    """The timing in plain words."""
    if timing.kind is Kind.cron:
        words = CronSim(timing.cron or "", datetime(2026, 1, 1, tzinfo=UTC)).explain()
        # Two restricted day fields mean either of them; the library says "and", and "31th".
        words = re.sub(r"\b([2-5])([123])th\b", lambda found: found[1] + found[2] + ENDINGS[found[2]], words)
        return f"{words.replace(' and on ', ' or on ')}, {timing.zone} time"
    assert timing.starts_at is not None
    start = local_text(timing.starts_at, timing.zone)
    if timing.kind is Kind.once:
        return f"Once, on {start}"
    return f"Every {_length(timing.every_seconds or 0)} from {start}"


def clock_note(timing: Timing, fire: datetime) -> str | None:
    """What a change of the clocks does to this run, in words; None on ordinary days."""
    zone = ZoneInfo(timing.zone)
    local = fire.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return _fold_note(timing, local)
    before = (fire - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    if not _has_fixed_times(timing) or local.replace(tzinfo=None) - before <= timedelta(seconds=1):
        return None
    wanted = next(CronSim(timing.cron or "", before))
    if wanted >= local.replace(tzinfo=None):
        return None
    return f"The clocks go forward: {wanted:%H:%M} does not exist on this day, so it runs at {local:%H:%M}."


def _fold_note(timing: Timing, local: datetime) -> str:
    if _has_fixed_times(timing):
        return f"The clocks go back: {local:%H:%M} comes twice on this day; it runs the first time only."
    which = "second" if local.fold else "first"
    return f"The clocks go back: {local:%H:%M} comes twice on this day; this is the {which} one."


def _has_fixed_times(timing: Timing) -> bool:
    """Fixed times of day follow the wall clock and run once; `*` in minute or hour follows real time."""
    if timing.kind is not Kind.cron:
        return False
    minute, hour = (timing.cron or "").split()[:2]
    return not minute.startswith("*") and not hour.startswith("*")


def _check_cron(cron: str) -> None:
    if len(cron) > 200 or len(cron.split()) != 5:
        raise TimingInvalid(
            "cron",
            f"{cron[:60]!r} does not have five fields: minute hour day-of-month month day-of-week, such as 0 9 * * 1.",
        )
    try:
        found = _next_by_cron(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        part = str(error).removeprefix("Bad ")
        raise TimingInvalid("cron", f"{cron!r} is not a schedule: the {part} field cannot be read.") from error
    if found is None:
        raise TimingInvalid("cron", f"{cron!r} never comes: no such day exists.")


def _next_by_cron(cron: str, zone: str, after: datetime) -> datetime | None:
    # In the second pass of the repeated hour cronsim forgets which pass it is in and looks back: hence the comparison.
    for local in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        fire = local.astimezone(UTC)
        if fire > after:
            return fire
    return None


def _next_by_days(start: datetime, days: int, zone_name: str, after: datetime) -> datetime:
    """Whole days keep their wall-clock time when the clocks change."""
    zone = ZoneInfo(zone_name)
    first = start.astimezone(zone).replace(tzinfo=None)
    number = max((after.astimezone(zone).replace(tzinfo=None) - first).days // days - 1, 0)
    while (fire := _instant(first + timedelta(days=number * days), zone)) <= after:
        number += 1
    return fire


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time that does not exist moves on to the first one that does."""
    local = wall.replace(tzinfo=zone)
    while local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        wall += timedelta(minutes=1)
        local = wall.replace(tzinfo=zone)
    return local.astimezone(UTC)


def _length(seconds: int) -> str:
    for size, name in ((DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return name if count == 1 else f"{count} {name}s"
    raise AssertionError("every whole number of seconds is a multiple of one")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
