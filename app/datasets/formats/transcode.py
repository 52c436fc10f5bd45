"""The first step of loading a file of another shape: text that is cut into blocks like any other."""

import shutil
from contextlib import nullcontext
from typing import BinaryIO

from app.core import storage
from app.datasets.cut_blocks import to_utf8
from app.datasets.formats.inside import seekable
from app.datasets.formats.json_head import json_encoding
from app.datasets.formats.json_text import shape_of, write_lines
from app.datasets.formats.kinds import Kind
from app.datasets.formats.parquet import write_parquet
from app.datasets.formats.sheets import Workbook, write_sheet
from app.datasets.formats.unpack import unpacked
from app.datasets.schemas import Dialect, Pins
from app.datasets.sniff import SAMPLE_BYTES

PIECE = 1 << 20


def write_text(original_key: str, dialect: Dialect, key: str) -> tuple[int, Dialect]:
    """Its size, and how it is read. The same bytes always give the same text."""
    with (
        storage.open_file(original_key) as original,
        storage.writer(key) as sink,
        unpacked(original, dialect.packed, dialect.member) as source,
    ):
        read_as = _write(source, dialect, sink)
        return sink.tell(), read_as


def _write(source: BinaryIO, dialect: Dialect, sink: BinaryIO) -> Dialect:
    if dialect.source in ("csv", "ndjson"):
        shutil.copyfileobj(source, sink, PIECE)
        return dialect
    with seekable(source) if dialect.packed else nullcontext(source) as file:
        if dialect.source == "json":
            return _write_json(file, dialect, sink)
        if dialect.source == "parquet":
            found = write_parquet(file, sink)
        else:
            book = Workbook(file, Kind(dialect.source))
            found = write_sheet(book, dialect.sheet, sink)
    shape = ("newline", "header", "preamble", "preamble_lines", "notes")
    return dialect.model_copy(update={name: getattr(found, name) for name in shape})


def _write_json(source: BinaryIO, dialect: Dialect, sink: BinaryIO) -> Dialect:
    source.seek(0)
    head = source.read(SAMPLE_BYTES)
    bom, encoding = json_encoding(head, Pins(encoding=dialect.file_encoding or None))
    shape = shape_of(to_utf8(head[bom:], encoding, final=False), whole=len(head) < SAMPLE_BYTES)
    source.seek(0)
    write_lines(source, encoding, bom, shape, sink)
    return dialect
