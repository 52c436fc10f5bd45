"""A file of rejected rows that came back from a spreadsheet: which rows it names, and what stands there now."""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from app.core import storage
from app.core.errors import TooLarge
from app.core.spreadsheet import fuse
from app.datasets.cut_blocks import Checkpoint
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.formats.look import look_inside
from app.datasets.rejects.named import place_columns
from app.datasets.schemas import Pins, Upload

MOST_ROWS = 100_000
BLOCK_BYTES = 1 << 20


class TooManyCorrections(TooLarge):
    """This file has more rows than can be corrected at once."""


@dataclass(frozen=True)
class Line:
    """What the file says of one row. `exact`: no apostrophe was put before what looks like a formula."""

    texts: dict[str, str]
    exact: bool

    def changed(self, name: str, before: str) -> str | None:
        """The new text, None where it is what it was. Spreadsheets know one kind of line end."""
        text = self.texts.get(name)
        if text is None or before in (text, fuse(text)) or _same(text, before) or _same(fuse(text), before):
            return None
        return text if self.exact and before.startswith("'") else fuse(text)


@dataclass
class Sheet:
    """`lines` by batch and row. What cannot be read as a row's number, or comes again, is counted and shown."""

    lines: dict[int, dict[int, Line]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def read_sheet(upload: Upload, columns: Collection[str]) -> Sheet:
    """Its first table. For a job."""
    with storage.open_file(upload.key) as source:
        found = next(one for one in look_inside(source, upload.file_name, Pins(), MOST_ROWS + 1) if one.part.dialect)
        dialect = found.part.dialect
        assert dialect is not None
        names = place_columns(dialect.header, columns)
        start = Checkpoint(1, dialect.preamble, 1, 1 + dialect.preamble_lines)
        blocks = read_blocks(found.rows_in(source), dialect, start, BLOCK_BYTES)
        frames: list[pl.DataFrame] = []
        for block in blocks:
            frames.append(parse_block(block, dialect).frame.select(list(names.values())))
            if sum(map(len, frames)) > MOST_ROWS:
                raise TooManyCorrections(f"{upload.file_name} has more than {MOST_ROWS:,} rows. Split it.")
    sheet = Sheet()
    exact = dialect.source != "csv"
    for line in pl.concat(frames).rename({old: new for new, old in names.items()}).fill_null("").to_dicts():
        _add(sheet, line, exact=exact)
    return sheet


def _add(sheet: Sheet, line: dict[str, str], *, exact: bool) -> None:
    batch, row = (_number(line.pop(name)) for name in ("batch", "row"))
    if batch is None or row is None:
        sheet.unreadable.append(" ".join(text for text in line.values() if text)[:80])
        return
    rows = sheet.lines.setdefault(batch, {})
    if row in rows:
        sheet.repeated.append(f"{batch}.{row}")
        return
    rows[row] = Line(line, exact)


def _number(text: str) -> int | None:
    digits = text.strip().removesuffix(".0").replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _same(one: str, other: str) -> bool:
    return _lines(one) == _lines(other)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
