"""The cells of a board's CSV file, both ways. What is written is read back as it was. Pure."""

import csv
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from app.tasks.exchange.draft import Item

DEFUSED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
QUOTED = re.compile(r'[;,"\n\r]|^\s|\s$')
ITEM = re.compile(r"^(?:[-*]\s*)?\[(?P<mark>[ xX✓]?)\]\s?(?P<text>.*)$")
HEADING = "## "
YES, NO = {"yes", "true", "1", "x", "y", "ja", "oui", "archived"}, {"", "no", "false", "0", "n", "nein", "non"}
FORMATS = {
    "year-month-day": "%Y-%m-%d",
    "day.month.year": "%d.%m.%Y",
    "day/month/year": "%d/%m/%Y",
    "month/day/year": "%m/%d/%Y",
    "year/month/day": "%Y/%m/%d",
    "day-month-year": "%d-%m-%Y",
}
CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$")


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
    days = [CLOCK.sub("", cell.strip()) for cell in cells if cell.strip()]
    fits = {name: sum(_day(cell, form) is not None for cell in days) for name, form in FORMATS.items()}
    best = max(fits, key=lambda name: fits[name])
    return best, bool(days) and sum(count == fits[best] for count in fits.values()) > 1 and fits[best] > 0


def _day(cell: str, form: str) -> date | None:
    try:
        return datetime.strptime(cell, form).date()  # noqa: DTZ007  only the day is taken
    except ValueError:
        return None


def read_day(cell: str, form: str) -> date | None:
    """Raises ValueError with what was expected."""
    if not cell.strip():
        return None
    text = CLOCK.sub("", cell.strip())
    found = _day(text, FORMATS[form]) or _day(text, FORMATS["year-month-day"])
    if found and found.year >= 1900:
        return found
    raise ValueError(f"“{cell[:40]}” is no date ({form})")


def read_moment(cell: str, form: str, zone: ZoneInfo) -> datetime | None:
    """With its time of day where there is one; without a zone it is meant where the reader lives."""
    if (found := read_day(cell, form)) is None:
        return None
    at = datetime(found.year, found.month, found.day, tzinfo=zone)
    if clock := CLOCK.search(cell.strip()):
        text = clock[0].strip().lstrip("T").replace(" ", "")
        try:
            time = datetime.fromisoformat(f"{found.isoformat()}T{text.zfill(5) if ':' in text[:2] else text}")
        except ValueError as error:
            raise ValueError(f"“{cell[:40]}” has no readable time of day") from error
        at = time if time.tzinfo else time.replace(tzinfo=zone)
    return at.astimezone(UTC)


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


def read_choice(cell: str, choices: dict[str, str], what: str, default: str) -> str:
    if not (text := " ".join(cell.strip().casefold().replace("_", " ").split())):
        return default
    if text in choices:
        return choices[text]
    raise ValueError(f"“{cell[:40]}” is no {what}; known are {', '.join(dict.fromkeys(choices.values()))}")
