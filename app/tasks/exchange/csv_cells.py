"""The cells of a board's CSV file, both ways. What is written is read back as it was. Pure."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.tasks.exchange.draft import Item

DEFUSED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
QUOTED = re.compile(r'[;,"\n\r]|^\s|\s$')
ITEM = re.compile(r"^(?:[-*]\s*)?\[(?P<mark>[ xX✓]?)\]\s?(?P<text>.*)$")
HEADING = "## "
YES, NO = {"yes", "true", "1", "x", "y", "ja", "oui", "archived"}, {"", "no", "false", "0", "n", "nein", "non"}
FORMATS = {
    "year-month-day": ("%Y-%m-%d",),
    "day.month.year": ("%d.%m.%Y", "%d.%m.%y"),
    "day/month/year": ("%d/%m/%Y", "%d/%m/%y"),
    "month/day/year": ("%m/%d/%Y", "%m/%d/%y"),
    "year/month/day": ("%Y/%m/%d",),
    "day-month-year": ("%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y"),
    "day/Mon/year": ("%d/%b/%Y", "%d/%b/%y"),
    "day Mon year": ("%d %b %Y", "%d %B %Y"),
    "Mon day, year": ("%b %d, %Y", "%B %d, %Y", "%b %d %Y"),
}
CLOCK = re.compile(
    r"(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)


def arm(text: str) -> str:
    """The text as it was before `spreadsheet.defuse`."""
    return text[1:] if DEFUSED.match(text) else text


def join(names: Iterable[str]) -> str:
    return "; ".join('"' + name.replace('"', '""') + '"' if QUOTED.search(name) else name for name in names)


def split(cell: str) -> list[str]:
    """By semicolons, or by commas where there is none."""
    if not cell.strip():
        return []
    for delimiter in (";", ","):
        names = next(
            csv.reader([cell.replace("\r", " ").replace("\n", " ")], delimiter=delimiter, skipinitialspace=True), []
        )
        if len(names) > 1 or delimiter == ",":
            break
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def checklist_text(items: Iterable[Item]) -> str:
    lines, heading = [], ""
    for item in items:
        if item.heading != heading:
            heading = item.heading
            lines.append(HEADING + heading)
        lines.append(f"[{'x' if item.done else ' '}] {item.text}")
    return "\n".join(lines)


def checklist(cell: str) -> list[Item]:
    items, heading = [], ""
    for line in cell.splitlines():
        found = ITEM.match(line.strip())
        if found and found["text"].strip():
            items.append(Item(found["text"].strip(), found["mark"] not in ("", " "), heading))
        elif line.startswith(HEADING.rstrip()):
            heading = line.removeprefix(HEADING.rstrip()).strip()
        elif line.strip() and not found:
            items.append(Item(line.strip(), False, heading))
    return items


def date_form(cells: Iterable[str]) -> tuple[str, bool]:
    """The way all dates of a column can be read in, or else the most of them, and whether another fits as well."""
    days = Counter(CLOCK.sub("", cell.strip()) for cell in cells if cell.strip())
    fits = {name: sum(count for cell, count in days.items() if _day(cell, name)) for name in FORMATS}
    best = max(fits, key=lambda name: fits[name])
    return best, bool(days) and sum(count == fits[best] for count in fits.values()) > 1 and fits[best] > 0


@lru_cache(maxsize=20_000)
def _day(cell: str, form: str) -> date | None:
    for pattern in FORMATS[form]:
        with suppress(ValueError):
            return datetime.strptime(cell, pattern).date()  # noqa: DTZ007  only the day is taken
    return None


def read_day(cell: str, form: str) -> date | None:
    """Raises ValueError with what was expected."""
    if not cell.strip():
        return None
    text = CLOCK.sub("", cell.strip())
    found = _day(text, form) or _day(text, "year-month-day")
    if found and found.year >= 1900:
        return found
    raise ValueError(f"“{cell[:40]}” is no date ({form})")


def read_moment(cell: str, form: str, zone: ZoneInfo) -> datetime | None:
    """With its time of day where there is one; without a zone it is meant where the reader lives."""
    if (found := read_day(cell, form)) is None:
        return None
    at = datetime(found.year, found.month, found.day, tzinfo=zone)
    if clock := CLOCK.search(cell.strip()):
        try:
            at = _at(found, clock, zone)
        except ValueError as error:
            raise ValueError(f"“{cell[:40]}” has no readable time of day") from error
    return at.astimezone(UTC)


def _at(day: date, clock: re.Match[str], zone: ZoneInfo) -> datetime:
    hour = int(clock["hour"])
    if half := (clock["half"] or "")[:1].casefold():
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "p" else 0)
    parts = time(hour, int(clock["minute"]), int(clock["second"] or 0), int(f"{clock['fraction'] or 0:0<6}"[:6]))
    there = (clock["zone"] or "").replace("UTC", "Z").replace("GMT", "Z")
    return datetime.combine(day, parts, datetime.fromisoformat(f"2000-01-01T00:00{there}").tzinfo or zone)


def read_estimate(cell: str) -> Decimal | None:
    text = cell.strip().replace(" ", "")
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", ".") if "." not in text else text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < 1_000_000:
        raise ValueError(f"“{cell[:40]}” is no estimate between 0 and 999,999.99")
    return number.quantize(Decimal("0.01"))


def read_flag(cell: str) -> bool | None:
    """None: neither yes nor no, so perhaps the date on which it became yes."""
    text = cell.strip().casefold()
    return True if text in YES else False if text in NO else None


def read_choice(cell: str, choices: dict[str, str]) -> str | None:
    """None: it is none of them."""
    return choices.get(" ".join(cell.strip().casefold().replace("_", " ").split()))
