"""Which mail is due. Pure."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.notices.schemas import MailMode


class Occasion(NamedTuple):
    """A mail of this name tells what happened before `until`; there is one such mail."""

    key: str
    until: datetime


def occasion(mail: MailMode, hour: int, zone: str, now: datetime) -> Occasion:
    """The last one that has come. A day has one daily mail, also when its clocks change."""
    if mail is MailMode.hourly:
        until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Occasion(f"hourly:{until:%Y-%m-%dT%H}Z", until)
    local = now.astimezone(ZoneInfo(zone))
    # An hour that comes twice counts from its first time on, one that is left out from the next one on.
    wall = local.replace(tzinfo=None)
    day = wall.date() if wall.hour >= hour else wall.date() - timedelta(days=1)
    until = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return Occasion(f"daily:{day.isoformat()}", min(until, now.astimezone(UTC)))
