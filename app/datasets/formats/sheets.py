"""Sheets of .xlsx, .xls and .ods become CSV, with the values as the cells hold them. Runs in jobs and children only.

Records end with a carriage return, so that the line of a record is its row in the sheet whatever its cells hold.
"""

import re
from typing import Any, BinaryIO

import fastexcel
import polars as pl

from app.core.errors import TooLarge
from app.core.settings import settings
from app.datasets.formats.workbook import NotReadable, check_workbook, notes_on
from app.datasets.schemas import Dialect
from app.datasets.sniff import BadHeader, checked_names

ERRORS = {"Div0": "#DIV/0!", "NA": "#N/A", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Ref": "#REF!"}
ERRORS |= {"Value": "#VALUE!", "GettingData": "#GETTING_DATA"}
DATE_TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$"
MIDNIGHT = " 00:00:00"
FIRST_DAYS = r"^(1899-12-3[01]|190[0-9]-)"
ISO_DURATION = re.compile(r"P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?")
RECORD_END = "\r"


class Workbook:
    """Raises NotReadable: damaged, protected, or with values that are not there."""

    def __init__(self, source: BinaryIO, kind: str) -> None:
        check_workbook(source, kind)
        self.source, self.kind = source, kind
        source.seek(0)
        try:
            self.reader = fastexcel.read_excel(source.read())
        except fastexcel.FastExcelError as error:
            raise _refusal(error) from error

    def sheets(self) -> list[str]:
        return list(self.reader.sheet_names)

    def look(self, sheet: str, rows: int) -> tuple[pl.DataFrame, bool]:
        """The first rows, and whether the sheet is hidden. An empty frame has no columns."""
        try:
            loaded: Any = self.reader.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
            return self._texts(loaded, sheet, rows), loaded.visible != "visible"
        except fastexcel.FastExcelError as error:
            raise _refusal(error) from error

    def read(self, sheet: str) -> tuple[pl.DataFrame, int]:
        """All rows, from the first row of the sheet on, as text; and how many areas are merged."""
        notes = notes_on(self.source, self.kind, sheet)
        frame, _ = self.look(sheet, settings().max_rows + 1)
        for row, changes in notes.exact.items():
            frame = _with_exact(frame, row, changes)
        return frame, notes.merged

    def _texts(self, loaded: Any, sheet: str, rows: int) -> pl.DataFrame:
        batch, errors = loaded.to_arrow_with_errors()
        found = pl.from_arrow(batch)
        assert isinstance(found, pl.DataFrame)
        if not found.width or not found.height:
            return pl.DataFrame()
        if found.width > settings().max_columns:
            raise TooLarge(f"Sheet {sheet!r} has {found.width:,} columns; {settings().max_columns:,} are allowed.")
        frame = found.rename({name: str(place) for place, name in enumerate(found.columns)})
        frame = _with_cells(frame, _odd_cells(errors))
        dated = [place for place in range(frame.width) if _looks_dated(frame[str(place)])]
        return self._with_dates(frame, loaded, dated, rows) if dated else frame

    def _with_dates(self, frame: pl.DataFrame, loaded: Any, dated: list[int], rows: int) -> pl.DataFrame:
        """Of the cells that look like a moment, those that are one and no text."""
        sheet = loaded.name
        options: dict[str, Any] = {
            "header_row": None,
            "skip_rows": 0,
            "n_rows": rows,
            "use_columns": _absolute(loaded, dated),
        }
        batch, _ = self.reader.load_sheet(sheet, dtypes="duration", **options).to_arrow_with_errors()
        serials = pl.from_arrow(batch)
        assert isinstance(serials, pl.DataFrame)
        changed = []
        for at, place in enumerate(dated):
            text, serial = frame[str(place)], serials.to_series(at)
            spans: set[int] = set()
            if text.filter(serial.is_not_null()).str.contains(FIRST_DAYS).any():
                spans = self._spans(sheet, _absolute(loaded, [place]), rows)
            changed.append(_iso(text, serial, spans))
        return frame.with_columns(changed)

    def _spans(self, sheet: str, columns: list[int], rows: int) -> set[int]:
        """Rows whose cell is a length of time, such as 30:05:00, not a moment."""
        loaded: Any = self.reader.load_sheet(
            sheet, header_row=None, skip_rows=0, n_rows=rows, use_columns=columns, dtypes="float"
        )
        _, errors = loaded.to_arrow_with_errors()
        return {one.position[0] for one in (errors.errors if errors else []) if "TimeDelta" in one.detail}


def _absolute(loaded: Any, places: list[int]) -> list[int]:
    """The reader leaves out empty columns before the first one, but counts them where columns are chosen."""
    indexes = {column.index: column.absolute_index for column in loaded.available_columns()}
    return [indexes[place] for place in places]


def write_sheet(book: Workbook, sheet: str, sink: BinaryIO) -> Dialect:
    """How the text is read that was written."""
    frame, merged = book.read(sheet)
    dialect = _write(frame, sink, settings().max_rows)
    note = f"{merged:,} merged area{'s' if merged > 1 else ''}: the value is in the first cell, the others are empty."
    return dialect.model_copy(update={"notes": [note] if merged else []})


def sample_sheet(book: Workbook, sheet: str, rows: int, sink: BinaryIO) -> tuple[Dialect | None, bool]:
    """The same for the first rows; None for an empty sheet. A formula without a value is refused wherever it is."""
    notes_on(book.source, book.kind, sheet)
    frame, hidden = book.look(sheet, rows)
    if frame.width and not frame.select(pl.any_horizontal(pl.all().is_not_null().any())).item():
        frame, hidden = book.look(sheet, settings().max_rows + 1)
    if not frame.width or not len(frame):
        return None, hidden
    return _write(frame, sink, settings().max_rows), hidden


def _write(frame: pl.DataFrame, sink: BinaryIO, max_rows: int) -> Dialect:
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if not filled.any():
        raise BadHeader("This sheet is empty.")
    first = int(filled.arg_max() or 0)
    if len(frame) - first - 1 > max_rows:
        raise TooLarge(f"This sheet has more than the {max_rows:,} rows allowed (MAX_ROWS).")
    frame, header = _named(frame, first)
    begin = RECORD_END * first + _csv(pl.DataFrame([header], schema=frame.schema, orient="row"))
    sink.write(begin.encode())
    for start, count, is_filled in _runs(filled.slice(first + 1)):
        text = _csv(frame.slice(first + 1 + start, count)) if is_filled else RECORD_END * count
        sink.write(text.encode())
    size = len(begin.encode())
    return Dialect(newline=RECORD_END, header=header, preamble=size, preamble_lines=first + 1)


def _named(frame: pl.DataFrame, first: int) -> tuple[pl.DataFrame, list[str]]:
    """Without columns that have neither a name nor a value."""
    names = frame.row(first)
    below = frame.slice(first + 1)
    kept = [place for place, name in enumerate(names) if name is not None or below.to_series(place).is_not_null().any()]
    header = checked_names([(names[place] or "").strip() for place in kept])
    return frame.select(frame.columns[place] for place in kept), header


def _csv(frame: pl.DataFrame) -> str:
    return frame.write_csv(
        include_header=False,
        line_terminator=RECORD_END,
        quote_style="always" if frame.width == 1 else "necessary",
    )


def _runs(filled: pl.Series) -> list[tuple[int, int, bool]]:
    """Stretches of rows with and without values: start, length, which."""
    if filled.all():
        return [(0, len(filled), True)] if len(filled) else []
    runs = (
        filled.to_frame("filled")
        .with_row_index("at")
        .group_by(pl.col("filled").rle_id().alias("run"), maintain_order=True)
    )
    return [
        (int(at), int(count), bool(is_filled))
        for _, at, count, is_filled in runs.agg(pl.col("at").first(), pl.len(), pl.col("filled").first()).rows()
    ]


def _looks_dated(text: pl.Series) -> bool:
    return bool(text.str.contains(DATE_TIME).any())


def _iso(text: pl.Series, serial: pl.Series, spans: set[int]) -> pl.Series:
    """Days without a time where the column holds no time at all; times alone where there is no day."""
    name = text.name
    frame = pl.DataFrame({"text": text, "serial": serial}).with_row_index("row")
    real = pl.col("serial").is_not_null()
    span = pl.col("row").is_in(list(spans)) if spans else pl.lit(value=False)
    clock = real & ~span & (pl.col("serial") < pl.duration(days=1)) & pl.col("text").str.contains(FIRST_DAYS)
    moment = real & ~span & ~clock
    days_only = not frame.filter(moment & ~pl.col("text").str.ends_with(MIDNIGHT)).height
    shown = (
        pl.col("text").str.strip_suffix(MIDNIGHT) if days_only else pl.col("text").str.replace(" ", "T", literal=True)
    )
    seconds = pl.col("serial").dt.total_seconds()
    length = pl.format(
        "{}:{}:{}",
        (seconds // 3600).cast(pl.String()).str.zfill(2),
        (seconds // 60 % 60).cast(pl.String()).str.zfill(2),
        (seconds % 60).cast(pl.String()).str.zfill(2),
    )
    chosen = pl.when(span).then(length).when(clock).then(pl.col("text").str.slice(11)).when(moment).then(shown)
    return frame.select(chosen.otherwise(pl.col("text")).alias(name)).to_series()


def _odd_cells(errors: Any) -> dict[int, list[tuple[int, str]]]:
    """By column: cells that are no text for the reader, but are for us."""
    found: dict[int, list[tuple[int, str]]] = {}
    for one in errors.errors if errors else []:
        kind = re.search(r"'(\w+)\((.*)\)'", one.detail)
        if kind is None:
            continue
        text = ERRORS.get(kind[2], "#ERROR!") if kind[1] == "Error" else _duration(kind[2].strip('"'))
        found.setdefault(one.position[1], []).append((one.position[0], text))
    return found


def _duration(text: str) -> str:
    """PT30H02M03S is 30:02:03."""
    parts = ISO_DURATION.fullmatch(text)
    if parts is None:
        return text
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[:4])
    return f"{days * 24 + hours:02}:{minutes:02}:{seconds:02}{parts[5] or ''}"


def _with_cells(frame: pl.DataFrame, cells: dict[int, list[tuple[int, str]]]) -> pl.DataFrame:
    for place, changes in cells.items():
        rows, texts = [row for row, _ in changes], [text for _, text in changes]
        frame = frame.with_columns(frame.to_series(place).scatter(rows, texts))
    return frame


def _with_exact(frame: pl.DataFrame, row: int, changes: list[tuple[str, str]]) -> pl.DataFrame:
    texts = list(frame.row(row))
    cells: dict[int, list[tuple[int, str]]] = {}
    for seen, exact in changes:
        if seen in texts:
            place = texts.index(seen)
            texts[place] = exact
            cells.setdefault(place, []).append((row, exact))
    return _with_cells(frame, cells)


def _refusal(error: Exception) -> NotReadable:
    text = str(error).lower()
    if "password" in text or "encrypt" in text:
        return NotReadable("This workbook is protected by a password. Save it without one and send it again.")
    return NotReadable("This workbook is damaged and cannot be read. Open it in Excel, save it and send it again.")
