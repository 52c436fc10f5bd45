"""A CSV file becomes a draft, row by row. A row that cannot be a card is listed with its line and the reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.tasks.exchange import csv_cells as cells
from app.tasks.exchange.csv_file import FIELDS, NotACsvBoard, Table, guess_mapping, read_table
from app.tasks.exchange.draft import (
    CHANGED,
    KEPT,
    NAME,
    TEXT,
    TITLE,
    Card,
    Column,
    Draft,
    Event,
    Label,
    Person,
    State,
    finish,
)
from app.tasks.exchange.read_trello import Wishes, is_done_name

DATES = ("start", "due", "created", "completed", "archived")
PRIORITIES = {
    "low": "low", "lowest": "low", "minor": "low", "niedrig": "low", "medium": "medium", "normal": "medium",
    "mittel": "medium", "high": "high", "major": "high", "hoch": "high", "urgent": "urgent", "highest": "urgent",
    "critical": "urgent", "dringend": "urgent",
}  # fmt: skip
CATEGORIES = {
    "in progress": "in_progress", "accomplishment": "accomplishment", "accomplishments": "accomplishment",
    "highlight": "highlight", "highlights": "highlight",
}  # fmt: skip
COLORS = ("blue", "green", "orange", "violet", "teal", "red", "yellow", "pink", "gray")
DEFAULT_COLUMN = "To do"


@dataclass(frozen=True)
class CsvWishes:
    """What is not given is guessed. `mapping`: field → name in the header; a field that is missing is not read."""

    encoding: str | None = None
    delimiter: str | None = None
    mapping: dict[str, str] | None = None


@dataclass
class Row:
    """One row under the names of the fields, and what stands in columns that mean nothing here."""

    line: int
    cells: dict[str, str]
    other: dict[str, str]


@dataclass
class CsvDraft:
    draft: Draft
    table: Table
    mapping: dict[str, str]
    date_forms: dict[str, str] = field(default_factory=dict)


def read_csv(content: bytes, name: str, wishes: Wishes, wanted: CsvWishes) -> CsvDraft:
    """Raises NotACsvBoard."""
    table = read_table(content, encoding=wanted.encoding, delimiter=wanted.delimiter)
    places = _places(table.header, wanted.mapping)
    guessed = wanted.mapping is None and "title" not in places
    if guessed and (free := [place for place in range(len(table.header)) if place not in places.values()]):
        places["title"] = free[0]
    if "title" not in places:
        names = ", ".join(f"“{name[:40]}”" for name in table.header[:10])
        raise NotACsvBoard(f"title: none of the columns {names} holds the titles of the cards. Name it.")
    found = CsvDraft(Draft(name=name), table, {field: table.header[place] for field, place in places.items()})
    found.draft.rejects = list(table.broken)
    if guessed:
        found.draft.note(CHANGED, f"Column “{found.mapping['title'][:60]}” is read as the title: no other is called so")
    rows = [_row(table, places, line, values) for line, values in table.rows]
    found.date_forms = _date_forms(found.draft, rows)
    cards = [card for row in rows if (card := _card(found, row, wishes))]
    _arrange(found.draft, cards, wishes)
    if table.encoding == "cp1252":
        found.draft.note(CHANGED, "The file is not in UTF-8: it was read as Windows-1252")
    found.draft.rejects.sort()
    finish(found.draft)
    return found


def _places(header: list[str], mapping: dict[str, str] | None) -> dict[str, int]:
    if mapping is None:
        return guess_mapping(header)
    places = {}
    for name, column in mapping.items():
        if name not in FIELDS:
            raise NotACsvBoard(f"mapping: “{name[:40]}” is no field; known are {', '.join(FIELDS)}.")
        if column not in header:
            raise NotACsvBoard(f"mapping: this file has no column “{column[:40]}”.")
        places[name] = header.index(column)
    if twice := [column for column, uses in Counter(mapping.values()).items() if uses > 1]:
        raise NotACsvBoard(f"mapping: the column “{twice[0][:40]}” is used twice.")
    return places


def _row(table: Table, places: dict[str, int], line: int, values: list[str]) -> Row:
    texts = [cells.arm(value.replace("\r\n", "\n").replace("\r", "\n")) for value in values]
    other = {
        table.header[place] or f"Column {place + 1}": text
        for place, text in enumerate(texts)
        if place not in places.values() and text.strip()
    }
    return Row(line, {name: texts[place] for name, place in places.items()}, other)


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
    for name, text in row.other.items():
        card.extras.append(f"{name}: {text}")
        found.draft.note(KEPT, f"Column “{name[:60]}” as text in the description")
    return card


def _read(found: CsvDraft, row: Row, wishes: Wishes) -> Card:
    get = row.cells.get
    title, description = " ".join(get("title", "").split()), get("description", "")
    if not title:
        raise ValueError("title: it is empty")
    if len(title) > TITLE:
        raise ValueError(f"title: {len(title)} characters; {TITLE} are allowed")
    if len(description) > TEXT:
        raise ValueError(f"description: {len(description):,} characters; {TEXT:,} are allowed")
    times = _times(found.date_forms, row, wishes.zone)
    created = times["created"] or min((at for at in times.values() if at), default=wishes.now)
    card = Card(str(row.line), title, min(created, wishes.now), description=description)
    card.column = " ".join(get("column", "").split()) or None
    card.lane = " ".join(get("lane", "").split())[:NAME] or None
    card.number = _number(get("number", ""))
    card.start_on, card.due_on = _day(found, row, "start"), _day(found, row, "due")
    if card.start_on and card.due_on and card.start_on > card.due_on:
        raise ValueError(f"due: {card.due_on} is before the start date {card.start_on}")
    card.priority = _named("priority", lambda: cells.read_choice(get("priority", ""), PRIORITIES, "priority", "medium"))
    card.category = _named("category", lambda: cells.read_choice(get("category", ""), CATEGORIES, "category", ""))
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


def _number(cell: str) -> int | None:
    """Any other id is no number of a card, and the card gets one of its own."""
    text = cell.strip().lstrip("#")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text) > 0 else None


def _arrange(draft: Draft, cards: list[Card], wishes: Wishes) -> None:
    """Columns, lanes, labels and people are those that the rows name, in the order in which they do."""
    known: dict[str, Column] = {}
    for card in cards:
        name = card.column or DEFAULT_COLUMN
        column = known.setdefault(name.casefold(), Column(name.casefold(), name, card.created_at))
        column.created_at = min(column.created_at, card.created_at)
        column.is_done = is_done_name(name) if wishes.done is None else column.name in wishes.done
        card.column = column.key
    draft.columns = list(known.values()) or [Column("to do", DEFAULT_COLUMN, wishes.now)]
    draft.lanes = list(_once(card.lane for card in cards if card.lane).items())
    labels = _once(label for card in cards for label in card.labels)
    draft.labels = [Label(key, name, COLORS[place % len(COLORS)]) for place, (key, name) in enumerate(labels.items())]
    people = _once(person for card in cards for person in card.members)
    draft.people = [Person(key, name, name, name) for key, name in people.items()]
    for card in cards:
        card.lane = card.lane.casefold() if card.lane else None
        card.labels = list(dict.fromkeys(name.casefold() for name in card.labels))
        card.members = list(dict.fromkeys(name.casefold() for name in card.members))
    uses = Counter(card.number for card in cards if card.number)
    for card in cards:
        if card.number and uses[card.number] > 1:
            draft.note(CHANGED, "Numbers of cards that are there twice: they get new ones", card.title)
            card.number = None
        _tell(draft, card, {column.key: column for column in draft.columns}, wishes)
        draft.cards.append(card)


def _once(names: Iterable[str]) -> dict[str, str]:
    """Key → the first way it is written."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return found


def _tell(draft: Draft, card: Card, columns: dict[str, Column], wishes: Wishes) -> None:
    """A row knows when a card was made, completed and put away; where it was in between it does not."""
    assert card.column
    column = columns[card.column]
    first = next((key for key, one in columns.items() if not one.is_done), card.column)
    if column.is_done:
        card.completed_at = card.completed_at or card.created_at
    elif card.completed_at:
        card.extras.append(f"Completed: {card.completed_at.isoformat()}")
        draft.note(KEPT, "Dates of completion of cards that are in no done column", card.title)
        card.completed_at = None
    card.category = card.category or ("accomplishment" if card.completed_at else "in_progress")
    moves = bool(card.completed_at and card.completed_at > card.created_at and first != card.column)
    state = State(card.title, card.column, card.due_on, card.priority, card.category, card.estimate, lane=card.lane)
    state = replace(state, labels=tuple(card.labels), members=tuple(card.members))
    done = replace(state, completed_at=card.completed_at)
    if moves:
        open_ = replace(state, column=first, category="highlight" if card.category == "highlight" else "in_progress")
        card.events = [Event(card.created_at, "created", "", open_, target=first)]
        card.events.append(Event(card.completed_at or card.created_at, "moved", "", done, first, card.column))
    else:
        card.events = [Event(card.created_at, "created", "", done, target=card.column)]
    if card.archived_at:
        card.archived_at = max(min(card.archived_at, wishes.now), card.events[-1].at)
        card.events.append(Event(card.archived_at, "archived", "", done, card.column))
        card.home, card.column = card.column, None
