"""A CSV file as rows: which encoding, which delimiter, which column means what. Guessed, shown, and open to change."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.errors import Invalid

MAX_ROWS, MAX_COLUMNS = 50_000, 200
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
FIELDS = {
    "number": "number, no, nr, id, #, issue key, key, task id, card id, card number, card #, issue id",
    "title": "title, name, task, card, card name, task name, card title, summary, subject, issue, titel, aufgabe, "
    "título, titulo, titre, tarea, tarefa",
    "description": "description, desc, details, text, body, notes, note, card description, beschreibung, "
    "descrição, descripción",
    "column": "column, status, list, list name, section/column, board column, bucket name, bucket, section, state, "
    "stage, spalte, liste, estado, statut, situação",
    "lane": "lane, swimlane, bahn",
    "labels": "labels, label, tags, tag, label names, etiketten, etiquetas, étiquettes",
    "assignees": "assignees, assignee, assigned to, members, member, member names, assigned, owner, person, zuständig, "
    "bearbeiter, responsable, responsável",
    "priority": "priority, prio, importance, priorität, prioridad, prioridade, priorité",
    "category": "category, kategorie",
    "start": "start, start date, start on, started, begin, custom field (start date), startdatum",
    "due": "due, due date, due on, deadline, target date, end date, fällig, fällig am, fälligkeitsdatum",
    "estimate": "estimate, points, story points, custom field (story points), story point estimate, "
    "custom field (story point estimate), size, effort, hours, estimated hours, schätzung, aufwand",
    "created": "created, created at, created on, date created, created date, created time, erstellt",
    "completed": "completed, completed at, completed on, completed date, done at, closed at, date completed, resolved, "
    "resolution date, erledigt am",
    "archived": "archived, archived at, archived on, archiviert",
    "checklist": "checklist, checklists, subtasks, todo, items, checkliste",
}
SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\r?\n')
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NotACsvBoard(Invalid):
    """This file is no CSV file with cards."""


@dataclass
class Table:
    """`rows` come with the line of the file on which they begin."""

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    broken: list[tuple[int, str]]


def read_table(content: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Raises NotACsvBoard."""
    text, encoding = _decode(content, encoding)
    before = 0
    if told := SEPARATOR.match(text):  # a line by which spreadsheets tell each other the delimiter
        text, before, delimiter = text[told.end() :], 1, delimiter or told[1]
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1 + before
        raise NotACsvBoard(f"Line {line} holds a NUL character. Is this really a text file?")
    delimiter = delimiter or guess_delimiter(text)
    records = _records(text, delimiter, 1 + before)
    _, header = next(records, (0, []))
    header = [name.strip() for name in header]
    if not any(header):
        raise NotACsvBoard("This file has no column names in its first line.")
    if len(header) > MAX_COLUMNS:
        raise NotACsvBoard(f"This file has {len(header)} columns; {MAX_COLUMNS} are allowed.")
    table = Table(encoding, delimiter, header, [], [])
    for line, fields in records:
        if len(table.rows) >= MAX_ROWS:
            raise NotACsvBoard(f"This file has more than {MAX_ROWS:,} rows. Import it in parts.")
        if len(fields) > len(header) and any(cell.strip() for cell in fields[len(header) :]):
            table.broken.append((line, f"{len(fields)} values, but {len(header)} columns"))
        else:
            table.rows.append((line, [*fields, *[""] * (len(header) - len(fields))][: len(header)]))
    return table


def _decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    for mark, name in BOMS:
        if content.startswith(mark):
            content, encoding = content[len(mark) :], encoding or name
    wide = "utf-16-le" if content[1:40:2].count(0) > 10 else "utf-16-be" if content[0:40:2].count(0) > 10 else ""
    for name in [encoding] if encoding else [wide] if wide else ["utf-8", "cp1252"]:
        try:
            return content.decode(name), name
        except (UnicodeDecodeError, LookupError) as error:
            reason = error
    raise NotACsvBoard(f"This file is not text in {encoding or 'a known encoding'}.") from reason


def guess_delimiter(text: str) -> str:
    """The one that gives the most lines as many values as there are column names, and more than one."""
    sample = "\n".join(text.splitlines()[:SAMPLE_LINES])

    def score(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(fields) for fields in csv.reader(io.StringIO(sample), delimiter=delimiter) if fields]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    best = max(DELIMITERS, key=score)
    return best if score(best) > (0.0, 0) else ","


def _records(text: str, delimiter: str, first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise NotACsvBoard(f"Line {line}: the file cannot be read from here on ({error}).") from error
        if any(cell.strip() for cell in fields):
            yield line, fields
        line = reader.line_num + first


def guess_mapping(header: list[str]) -> dict[str, int]:
    """Field → place of its column; each column once."""
    mapping: dict[str, int] = {}
    plain = [" ".join(name.casefold().replace("_", " ").replace("-", " ").split()) for name in header]
    for field, words in FIELDS.items():
        names = words.split(", ")
        places = [place for place, name in enumerate(plain) if name in names and place not in mapping.values()]
        if places:
            mapping[field] = min(places, key=lambda place: names.index(plain[place]))
    return mapping
