"""A CSV file becomes a draft, row by row. A row that cannot be a card is listed with its line and the reason."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.tasks.exchange import csv_cells as cells
from app.tasks.exchange.csv_board import MOST_STATES, arrange
from app.tasks.exchange.csv_file import FIELDS, NotACsvBoard, Table, guess_mapping, read_table
from app.tasks.exchange.draft import (
    CHANGED,
    KEPT,
    LEFT,
    NAME,
    Card,
    Draft,
    finish,
)
from app.tasks.exchange.reading import Wishes

NUMBER = re.compile(r"#?(?P<key>[A-Za-z][A-Za-z0-9_]*-)?(?P<number>[0-9]{1,9})")
DATES = ("start", "due", "created", "completed", "archived")
PRIORITIES = {
    "low": "low", "lowest": "low", "minor": "low", "niedrig": "low", "medium": "medium", "normal": "medium",
    "mittel": "medium", "high": "high", "major": "high", "hoch": "high", "urgent": "urgent", "highest": "urgent",
    "critical": "urgent", "dringend": "urgent", "blocker": "urgent", "trivial": "low", "important": "high",
    "p0": "urgent", "p1": "high", "p2": "medium", "p3": "low", "p4": "low",
}  # fmt: skip
CATEGORIES = {
    "in progress": "in_progress", "accomplishment": "accomplishment", "accomplishments": "accomplishment",
    "highlight": "highlight", "highlights": "highlight",
}  # fmt: skip


@dataclass(frozen=True)
class CsvWishes:
    """What is not given is guessed. `mapping`: field → name in the header; a field that is missing is not read."""

    encoding: str | None = None
    delimiter: str | None = None
    mapping: dict[str, str] | None = None
    leave: tuple[str, ...] = ()


@dataclass
class Row:
    """One row under the names of the fields, and what stands in columns that mean nothing here."""

    line: int
    cells: dict[str, str]
    other: list[tuple[str, str]]


@dataclass
class CsvDraft:
    draft: Draft
    table: Table
    mapping: dict[str, str]
    date_forms: dict[str, str] = field(default_factory=dict)


def read_csv(content: bytes, name: str, wishes: Wishes, wanted: CsvWishes) -> CsvDraft:
    """Raises NotACsvBoard."""
    draft = Draft(name=name)
    table = read_table(content, encoding=wanted.encoding, delimiter=wanted.delimiter)
    places = _places(table.header, wanted.mapping)
    guessed = wanted.mapping is None and "title" not in places
    used = {place for some in places.values() for place in some}
    if guessed and (free := [place for place in range(len(table.header)) if place not in used]):
        places["title"] = free[:1]
    if (wanted.mapping, wishes.columns) == (None, None) and (states := _states(table, places)) > MOST_STATES:
        name = table.header[places.pop("column")[0]]
        draft.note(CHANGED, f"Column “{name[:60]}” holds {states:,} different values: it is text, not the column", name)
    if "title" not in places:
        names = ", ".join(f"“{name[:40]}”" for name in table.header[:10])
        raise NotACsvBoard(f"title: none of the columns {names} holds the titles of the cards. Name it.")
    found = CsvDraft(draft, table, {field: table.header[some[0]] for field, some in places.items()})
    found.draft.rejects = list(table.broken)
    if guessed:
        found.draft.note(CHANGED, f"Column “{found.mapping['title'][:60]}” is read as the title: no other is called so")
    _leave(found, places, wanted.leave)
    rows = [_row(table, places, line, values) for line, values in table.rows]
    found.date_forms = _date_forms(found.draft, rows)
    cards = [card for row in rows if (card := _card(found, row, wishes))]
    arrange(found.draft, cards, wishes)
    if table.encoding == "cp1252":
        found.draft.note(CHANGED, "The file is not in UTF-8: it was read as Windows-1252")
    found.draft.rejects.sort()
    finish(found.draft)
    return found


def _states(table: Table, places: dict[str, list[int]]) -> int:
    return len({values[place].casefold() for _, values in table.rows for place in places.get("column", [])[:1]})


def _places(header: list[str], mapping: dict[str, str] | None) -> dict[str, list[int]]:
    """Other programs write a column for each label or comment, all under one name: they are read together."""
    if mapping is None:
        return {field: _named_so(header, header[place]) for field, place in guess_mapping(header).items()}
    places = {}
    for name, column in mapping.items():
        if name not in FIELDS:
            raise NotACsvBoard(f"mapping: “{name[:40]}” is no field; known are {', '.join(FIELDS)}.")
        if column not in header:
            raise NotACsvBoard(f"mapping: this file has no column “{column[:40]}”.")
        places[name] = _named_so(header, column)
    if twice := [column for column, uses in Counter(mapping.values()).items() if uses > 1]:
        raise NotACsvBoard(f"mapping: the column “{twice[0][:40]}” is used twice.")
    return places


def _leave(found: CsvDraft, places: dict[str, list[int]], names: tuple[str, ...]) -> None:
    """What nobody wants to read on a card is taken out of the rows, and told."""
    used = {place for some in places.values() for place in some}
    for place, name in enumerate(found.table.header):
        if name in names and place not in used:
            found.draft.note(LEFT, f"Column “{name[:60]}”, as it was chosen")
            for _, values in found.table.rows:
                values[place] = ""


def _named_so(header: list[str], name: str) -> list[int]:
    return [place for place, one in enumerate(header) if one == name]


def _row(table: Table, places: dict[str, list[int]], line: int, values: list[str]) -> Row:
    texts = [cells.arm(value.replace("\r\n", "\n").replace("\r", "\n")) for value in values]
    used = {place for some in places.values() for place in some}
    other = [
        (table.header[place] or f"Column {place + 1}", text)
        for place, text in enumerate(texts)
        if place not in used and text.strip()
    ]
    return Row(line, {name: _together(name, [texts[place] for place in some]) for name, some in places.items()}, other)


def _together(field: str, texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    given = [text for text in texts if text.strip()]
    return cells.join(text.strip() for text in given) if field in ("labels", "assignees") else "\n".join(given)


def _date_forms(draft: Draft, rows: list[Row]) -> dict[str, str]:
    forms = {}
    for name in DATES:
        given = [row.cells.get(name, "") for row in rows]
        given = [cell for cell in given if cell.strip() and cells.read_flag(cell) is None]
        forms[name], doubtful = cells.date_form(given)
        if doubtful:
            draft.note(CHANGED, f"Dates in “{name}” are read as {forms[name]}; another order is possible", given[0])
    return forms


def _card(found: CsvDraft, row: Row, wishes: Wishes) -> Card | None:
    """None when the row is rejected."""
    try:
        card = _read(found, row, wishes)
    except ValueError as error:
        found.draft.rejects.append((row.line, str(error)))
        return None
    for name, text in row.other:
        card.extras.append(f"{name}: {text}")
        found.draft.note(KEPT, f"Column “{name[:60]}” as text in the description")
    return card


def _read(found: CsvDraft, row: Row, wishes: Wishes) -> Card:
    get = row.cells.get
    title, description = " ".join(get("title", "").split()), get("description", "")
    if not title:
        raise ValueError("title: it is empty")
    times = _times(found.date_forms, row, wishes.zone)
    created = times["created"] or min((at for at in times.values() if at), default=wishes.now)
    card = Card(str(row.line), title, min(created, wishes.now), description=description)
    card.column = " ".join(get("column", "").split()) or None
    card.lane = " ".join(get("lane", "").split())[:NAME] or None
    card.number = _number(found, card, get("number", "").strip())
    card.start_on, card.due_on = _day(found, row, "start"), _day(found, row, "due")
    if card.start_on and card.due_on and card.start_on > card.due_on:
        raise ValueError(f"due: {card.due_on} is before the start date {card.start_on}")
    card.priority = _choice(found, card, row, "priority", PRIORITIES) or "medium"
    card.category = _choice(found, card, row, "category", CATEGORIES)
    card.estimate = _named("estimate", lambda: cells.read_estimate(get("estimate", "")))
    card.labels, card.members = cells.split(get("labels", "")), cells.split(get("assignees", ""))
    card.checklist = cells.checklist(get("checklist", ""))
    card.completed_at = times["completed"]
    flag = cells.read_flag(get("archived", ""))
    card.archived_at = times["archived"] or (max(card.created_at, card.completed_at or wishes.now) if flag else None)
    if card.completed_at and card.completed_at < card.created_at:
        raise ValueError("completed: this is before the card was made")
    return card


def _named(name: str, read: Any) -> Any:
    try:
        return read()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _times(forms: dict[str, str], row: Row, zone: ZoneInfo) -> dict[str, datetime | None]:
    times: dict[str, datetime | None] = {}
    for name in ("created", "completed", "archived"):
        cell = row.cells.get(name, "")
        is_flag = name == "archived" and cells.read_flag(cell) is not None
        at = None if is_flag else _named(name, lambda cell=cell, name=name: cells.read_moment(cell, forms[name], zone))
        times[name] = at
    return times


def _day(found: CsvDraft, row: Row, name: str) -> date | None:
    day: date | None = _named(name, lambda: cells.read_day(row.cells.get(name, ""), found.date_forms[name]))
    return day


def _choice(found: CsvDraft, card: Card, row: Row, name: str, choices: dict[str, str]) -> str:
    """What is no such thing here stays readable on the card."""
    text = row.cells.get(name, "").strip()
    known = cells.read_choice(text, choices)
    if text and known is None:
        card.extras.append(f"{found.mapping[name]}: {text}")
        found.draft.note(KEPT, f"Values of “{name}” that are not known here, as text in the description", text)
    return known or ""


def _number(found: CsvDraft, card: Card, text: str) -> int | None:
    """A key such as WEB-12 is kept as text, too. Any other id is only text, and the card gets a number of its own."""
    told = NUMBER.fullmatch(text)
    if text and (told is None or told["key"]):
        card.extras.append(f"{found.mapping['number']}: {text}")
        found.draft.note(KEPT, "Keys of cards as text in the description", text)
    return int(told["number"]) or None if told else None
