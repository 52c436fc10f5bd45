"""The two formats that are read in blocks, `csv` and `ndjson`, behind one function for each thing done with a block."""

from collections.abc import Iterator
from typing import BinaryIO

from app.datasets import parse as csv
from app.datasets.cut_blocks import Block, BlockReader, Checkpoint
from app.datasets.formats import ndjson
from app.datasets.schemas import Dialect
from app.datasets.split import is_blank, scan, tokenize

Place = tuple[int, int, int]


def read_blocks(source: BinaryIO, dialect: Dialect, at: Checkpoint, block_bytes: int) -> Iterator[Block]:
    """The blocks from the checkpoint on, each cut at a record end."""
    reader = ndjson.LineReader if dialect.format == "ndjson" else BlockReader
    return iter(reader(source, dialect, at, block_bytes))


def parse_block(block: Block, dialect: Dialect) -> csv.Parsed:
    return ndjson.parse(block, dialect) if dialect.format == "ndjson" else csv.parse(block, dialect)


def places_of(content: bytes, dialect: Dialect, *, tolerant: bool) -> list[Place]:
    """Start, end and line of each record that is a row, by the very cutting that loaded it."""
    return [
        place for place in _records(content, dialect, tolerant=tolerant) if not is_blank(content[slice(*place[:2])])
    ]


def _records(content: bytes, dialect: Dialect, *, tolerant: bool) -> list[Place]:
    if tolerant:
        records = tokenize(content, dialect.delimiter, dialect.newline, final=True)
        return [(record.start, record.end, record.line) for record in records]
    layout = (
        ndjson.lines_of(content, dialect.newline, final=True)
        if dialect.format == "ndjson"
        else scan(content, dialect.delimiter, dialect.newline, final=True)
    )
    return list(zip(layout.starts.tolist(), layout.ends.tolist(), layout.lines.tolist(), strict=True))
