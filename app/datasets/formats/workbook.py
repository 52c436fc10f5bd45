"""What must be known of a workbook before its cells are read: is it safe, whole, and what would be lost."""

import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

from app.core.errors import Invalid
from app.datasets.formats.unpack import open_zip

PIECE = 4 << 20
TAG = r"(?:\w+:)?"
SHEET = re.compile(rf"<{TAG}sheet\b([^>]*)>")
RELATION = re.compile(rf"<{TAG}Relationship\b([^>]*)>")
ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
CELL = rf"<{TAG}c\b([^>]*)>\s*"
FORMULA = rf"<{TAG}f\b[^>]*(?:/>|>[^<]*</{TAG}f>)\s*"
NO_VALUE = re.compile(f"{CELL}{FORMULA}(?:<{TAG}v\\s*/>|<{TAG}v>\\s*</{TAG}v>)?\\s*</{TAG}c>".encode())
LONG = re.compile(f"{CELL}(?:{FORMULA})?<{TAG}v>(-?[0-9]{{16,400}})</{TAG}v>".encode())
DIGITS = re.compile(rb">-?[0-9]{16}")
MERGED = re.compile(f"<{TAG}mergeCell\\b".encode())
ODS_FORMULA = re.compile(rb"<table:table-cell\b([^>]*\btable:formula=[^>]*)>")
ODS_LONG = re.compile(rb'office:value="(-?[0-9]{16,400})"')


class NotReadable(Invalid):
    """This workbook cannot be read."""

    status = 415


@dataclass
class Notes:
    """`exact` are whole numbers with more digits than the reader keeps, by row and by what it makes of them."""

    exact: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    merged: int = 0


def check_workbook(source: BinaryIO, kind: str) -> None:
    """Raises NotReadable, NotUnpackable, UnpacksTooLarge."""
    if kind == "xls":
        return
    with open_zip(source) as archive:
        names = set(archive.namelist())
        if any(name.startswith("xl/externalLinks/") for name in names):
            raise NotReadable(
                "This workbook takes values from other workbooks, which may have changed since. In Excel, use "
                "Data > Edit Links > Break Link, then save and send it again."
            )
        if (
            kind == "ods"
            and "META-INF/manifest.xml" in names
            and b"encryption-data" in archive.read("META-INF/manifest.xml")
        ):
            raise NotReadable("This workbook is protected by a password. Save it without one and send it again.")


def notes_on(source: BinaryIO, kind: str, sheet: str) -> Notes:
    """Raises NotReadable with the address of a formula that has never been calculated."""
    if kind == "xlsx":
        return _notes_on_xlsx(source, sheet)
    if kind == "ods":
        return _notes_on_ods(source)
    return Notes()


def _notes_on_xlsx(source: BinaryIO, sheet: str) -> Notes:
    notes = Notes()
    with open_zip(source) as archive:
        path = _path_of(archive, sheet)
        if path is None:
            return notes
        for text in _texts(archive, path, b"</row>"):
            if b"<f" in text or b":f" in text:
                _refuse_uncalculated(text, sheet)
            if DIGITS.search(text):
                _note_long_numbers(text, notes)
            notes.merged += len(MERGED.findall(text)) if b"mergeCell" in text else 0
    return notes


def _path_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return None
    targets = {one.get("Id"): one.get("Target", "") for one in map(_attributes, RELATION.findall(relations))}
    for one in map(_attributes, SHEET.findall(book)):
        if one.get("name") == sheet:
            target = targets.get(one.get("r:id") or next((v for k, v in one.items() if k.endswith(":id")), None), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return path if path in archive.namelist() else None
    return None


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(double or single) for name, double, single in ATTRIBUTE.findall(text)}


def _texts(archive: zipfile.ZipFile, path: str, end: bytes) -> Iterator[bytes]:
    """Pieces that end with whole rows."""
    rest = b""
    with archive.open(path) as stream:
        while part := stream.read(PIECE):
            whole, mark, rest = (rest + part).rpartition(end)
            yield whole + mark
    yield rest


def _refuse_uncalculated(text: bytes, sheet: str) -> None:
    for attributes in NO_VALUE.findall(text):
        cell = _attributes(attributes.decode("utf-8", "replace"))
        if cell.get("t") != "str":
            raise NotReadable(
                f"Cell {cell.get('r', '?')} of sheet {sheet!r} holds a formula that was never calculated, so it has no "
                "value. Open the workbook in Excel or LibreOffice, save it and send it again."
            )


def _note_long_numbers(text: bytes, notes: Notes) -> None:
    for attributes, digits in LONG.findall(text):
        cell = _attributes(attributes.decode("utf-8", "replace"))
        row = re.search(r"\d+$", cell.get("r", ""))
        if row and cell.get("t", "n") == "n":
            _note(notes, int(row[0]) - 1, digits.decode())


def _note(notes: Notes, row: int, digits: str) -> None:
    seen = shown(digits)
    if seen != digits:
        notes.exact.setdefault(row, []).append((seen, digits))


def shown(digits: str) -> str:
    """How a double of these digits is written: the shortest digits that mean it, then zeros."""
    return format(Decimal(repr(float(digits))), "f").removesuffix(".0")


def _notes_on_ods(source: BinaryIO) -> Notes:
    with open_zip(source) as archive:
        for text in _texts(archive, "content.xml", b"</table:table-row>"):
            for attributes in ODS_FORMULA.findall(text):
                if b"value-type=" not in attributes:
                    formula = _attributes(attributes.decode("utf-8", "replace")).get("table:formula", "")[:80]
                    raise NotReadable(
                        f"A cell holds the formula {formula!r}, which was never calculated, so it has no value. Open "
                        "the workbook in LibreOffice, save it and send it again."
                    )
            _refuse_long_numbers(text)
    return Notes()


def _refuse_long_numbers(text: bytes) -> None:
    for digits in ODS_LONG.findall(text):
        if shown(digits.decode()) != digits.decode():
            raise NotReadable(
                f"The number {digits.decode()[:40]} has more digits than a workbook keeps. Make that cell text."
            )
