"""The usual timings by name, and the way back from a cron text to the name. Pure."""

import re
from dataclasses import dataclass
from datetime import time

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DAILY, WORKDAYS, WEEKLY, MONTHLY, LAST, HOURLY = (
    "Every day",
    "Monday to Friday",
    "Every week",
    "Every month",
    "Last weekday of the month",
    "Every hour",
)
INTERVAL, ONCE, CRON = "Every few minutes, hours or days", "Once", "Cron expression"
PRESETS = [DAILY, WORKDAYS, WEEKLY, MONTHLY, LAST, HOURLY, INTERVAL, ONCE, CRON]


@dataclass(frozen=True)
class Preset:
    """`weekday` counts from Monday = 0; `day` is the day of the month."""

    name: str = WEEKLY
    at: time = time(8, 0)
    weekday: int = 0
    day: int = 1
    cron: str = "0 8 * * 1"

    def to_cron(self) -> str:
        clock = f"{self.at.minute} {self.at.hour}"
        day = (self.weekday + 1) % 7
        return {
            DAILY: f"{clock} * * *",
            WORKDAYS: f"{clock} * * 1-5",
            WEEKLY: f"{clock} * * {day}",
            MONTHLY: f"{clock} {self.day} * *",
            LAST: f"{clock} * * {day}L",
            HOURLY: f"{self.at.minute} * * * *",
        }.get(self.name, self.cron)


SHAPES = [
    (HOURLY, r"(?P<minute>\d+) \* \* \* \*"),
    (DAILY, r"(?P<minute>\d+) (?P<hour>\d+) \* \* \*"),
    (WORKDAYS, r"(?P<minute>\d+) (?P<hour>\d+) \* \* 1-5"),
    (LAST, r"(?P<minute>\d+) (?P<hour>\d+) \* \* (?P<weekday>[0-6])L"),
    (WEEKLY, r"(?P<minute>\d+) (?P<hour>\d+) \* \* (?P<weekday>[0-6])"),
    (MONTHLY, r"(?P<minute>\d+) (?P<hour>\d+) (?P<day>\d+) \* \*"),
]


def from_cron(cron: str) -> Preset:
    """What no preset can say stays a cron expression."""
    for name, shape in SHAPES:
        if found := re.fullmatch(shape, " ".join(cron.split())):
            part = {key: int(value) for key, value in found.groupdict().items()}
            return Preset(
                name=name,
                at=time(part.get("hour", 0), part["minute"]),
                weekday=(part.get("weekday", 1) - 1) % 7,
                day=part.get("day", 1),
                cron=cron,
            )
    return Preset(name=CRON, cron=cron)
