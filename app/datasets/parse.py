"""A block of bytes becomes a frame of texts, plus the records that are no rows at all, each with its reason."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from app.datasets.cut_blocks import Block
from app.datasets.plain_text import plain_text
from app.datasets.schemas import Dialect
from app.datasets.split import (
    CARRIAGE_RETURN,
    UNCLOSED,
    Layout,
    Record,
    blank_records,
    count_delimiters,
    is_blank,
    tokenize,
)

Ints = npt.NDArray[np.int64]
Kept = npt.NDArray[np.bool_]  # False for blank lines


@dataclass(frozen=True)
class Broken:
    """A record that cannot be a row: its index in the block, the rule it broke and the words for it."""

    index: int
    rule: str
    message: str


@dataclass(frozen=True)
class Parsed:
    """`frame` has one text column per column of the file and one row per record, broken ones included."""

    frame: pl.DataFrame
    content: bytes
    starts: Ints
    ends: Ints
    lines: Ints
    broken: list[Broken] = field(default_factory=list)
    nul: bool | None = None

    @property
    def has_nul(self) -> bool:
        return b"\0" in self.content if self.nul is None else self.nul

    def texts_of(self, places: Ints) -> pl.Series:
        """These records as they stand in the file, without line ends. PostgreSQL stores no NUL, so it is drawn.

        `places` ascend.
        """
        borders = np.column_stack((self.starts[places], self.ends[places])).ravel()  # and what lies between them
        pieces = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), max(len(borders) - 1, 0), [None, pa.py_buffer(borders), pa.py_buffer(self.content)]
        )
        found = pl.from_arrow(pieces)
        assert isinstance(found, pl.Series)
        return _drawn(found.gather_every(2)).str.strip_chars_end("\r\n").str.replace_all("\0", "␀", literal=True)


def _drawn(records: pl.Series) -> pl.Series:
    """As texts; what is not UTF-8 shows as such."""
    try:
        return records.cast(pl.String())
    except pl.exceptions.PolarsError:
        return pl.Series([record.decode("utf-8", "replace") for record in records], dtype=pl.String())


def parse(block: Block, dialect: Dialect) -> Parsed:
    if block.records is not None:
        return _from_records(block, block.records, dialect)
    assert block.layout is not None
    return _from_layout(block, block.layout, dialect)


def _from_layout(block: Block, layout: Layout, dialect: Dialect) -> Parsed:
    kept = ~blank_records(layout, block.content)
    frame = _whole_rows(block.content, layout, dialect) if kept.all() else None
    if frame is None:
        return _doubtful(block, layout, dialect, kept)
    return _parsed(frame, block, layout, kept, [])


def _parsed(frame: pl.DataFrame, block: Block, layout: Layout, kept: Kept, broken: list[Broken]) -> Parsed:
    lines = layout.lines[kept] + block.at.line
    return Parsed(frame, block.content, layout.starts[kept], layout.ends[kept], lines, broken)


def _whole_rows(content: bytes, layout: Layout, dialect: Dialect) -> pl.DataFrame | None:
    """All records, if every one is text and has a field for each column; None where that is in doubt.

    No row has too many fields, or Polars had refused. None has too few, or delimiters were missing: the bytes of all
    values, quotes, line ends and delimiters add up. That spares a look at each delimiter.
    """
    line_ends = _line_end_bytes(content, layout, dialect.newline.encode())
    if line_ends is None or layout.quotes is None:
        return None
    frame = _read(content, dialect, layout, np.ones(len(layout.ends), dtype=np.bool_), too_many="raise")
    if frame is None:
        return None
    values = sum(frame.select(pl.all().str.len_bytes().sum()).row(0))
    delimiters = len(frame) * (len(dialect.header) - 1)
    return frame if values + layout.quotes + line_ends + delimiters == len(content) else None


def _line_end_bytes(content: bytes, layout: Layout, newline: bytes) -> int | None:
    """None where carriage returns or line feeds are anything else, too: whether they are values is not clear then.

    Nor may the last record lack its end: there Polars overlooks an empty field too many.
    """
    newlines = len(layout.ends)
    if not content.endswith(newline):
        return None
    if newline == b"\r":
        return None if b"\n" in content else newlines
    if b"\r" not in content:
        return newlines
    signs, last = np.frombuffer(content, dtype=np.uint8), layout.ends - 2
    returns = int(np.count_nonzero((signs[last] == CARRIAGE_RETURN) & (last >= layout.starts)))
    return newlines + returns if returns == content.count(b"\r") else None


def _doubtful(block: Block, layout: Layout, dialect: Dialect, kept: Kept) -> Parsed:
    """Looks at each record by itself."""
    broken_text = _broken_text(block.content, layout)
    content = block.content.decode("utf-8", "replace").encode() if broken_text else block.content
    frame = _read(content, dialect, layout, kept, too_many="ignore")
    if frame is None:
        records = list(tokenize(block.content, dialect.delimiter, dialect.newline, final=True))
        return _from_records(block, records, dialect)
    width = len(dialect.header)
    place = np.cumsum(kept) - 1
    broken = [Broken(int(place[index]), "encoding", not_text(dialect)) for index in broken_text]
    delimiters = count_delimiters(block.content, layout, dialect.delimiter, dialect.newline)
    unreadable = {one.index for one in broken}
    broken += [
        Broken(int(place[index]), "columns", _ragged(int(delimiters[index]) + 1, width))
        for index in np.flatnonzero(kept & (delimiters != width - 1))
        if int(place[index]) not in unreadable
    ]
    return _parsed(frame, block, layout, kept, broken)


def _read(
    content: bytes, dialect: Dialect, layout: Layout, kept: Kept, too_many: Literal["raise", "ignore"]
) -> pl.DataFrame | None:
    """None when Polars does not see exactly the records that we see, or takes a carriage return for a line end."""
    # Looking for one byte is thirty times as fast as looking for two, and most files have none.
    if dialect.newline != "\r" and b"\r" in content and b"\r" + dialect.delimiter.encode() in content:
        return None
    schema = {name: pl.String() for name in dialect.header}
    try:
        frame = pl.read_csv(
            plain_text(content),
            has_header=False,
            separator=dialect.delimiter,
            eol_char=dialect.newline,
            schema=schema,
            empty_string_is_null=False,
            raise_if_empty=False,
            missing_columns="insert",
            extra_columns=too_many,
        )
    except (pl.exceptions.PolarsError, OSError):
        return None
    if len(frame) == len(layout.ends):
        return frame if kept.all() else frame.filter(pl.Series(kept))
    return frame if len(frame) == int(kept.sum()) else None


def _broken_text(content: bytes, layout: Layout) -> list[int]:
    """Records whose bytes are not UTF-8: one pass when there are none, else one look at each."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        first = int(np.searchsorted(layout.ends, error.start, side="right"))
        records = enumerate(zip(layout.starts.tolist(), layout.ends.tolist(), strict=True))
        return [index for index, (start, end) in records if index >= first and not _is_utf8(content[start:end])]
    return []


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_records(block: Block, records: list[Record], dialect: Dialect) -> Parsed:
    width = len(dialect.header)
    rows: list[list[str | None]] = []
    broken: list[Broken] = []
    kept = [record for record in records if not is_blank(block.content[record.start : record.end])]
    for index, record in enumerate(kept):
        row, reason = _row(record, dialect)
        if reason is not None:
            broken.append(Broken(index, *reason))
        rows.append(row if row is not None else [None] * width)
    schema = {name: pl.String() for name in dialect.header}
    return Parsed(
        pl.DataFrame(rows, schema=schema, orient="row"),
        block.content,
        np.array([record.start for record in kept], dtype=np.int64),
        np.array([record.end for record in kept], dtype=np.int64),
        np.array([record.line + block.at.line for record in kept], dtype=np.int64),
        broken,
    )


def _row(record: Record, dialect: Dialect) -> tuple[list[str | None] | None, tuple[str, str] | None]:
    if record.fields is None:
        return None, ("quotes", f"The row cannot be read: {UNCLOSED}.")
    try:
        texts: list[str | None] = [value.decode() for value in record.fields]
    except UnicodeDecodeError:
        return None, ("encoding", not_text(dialect))
    if len(texts) != len(dialect.header):
        return None, ("columns", _ragged(len(texts), len(dialect.header)))
    return texts, None


def _ragged(found: int, width: int) -> str:
    return f"The row has {found} field{'s' if found != 1 else ''}; the column names say {width}."


def not_text(dialect: Dialect) -> str:
    return f"The row holds bytes that are not {dialect.encoding}. Pin the right encoding if all rows look like this."
