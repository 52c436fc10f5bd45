"""The two formats that are read in blocks, `csv` and `ndjson`, behind one function for each thing done with a block."""

from collections.abc import Iterator
from typing import BinaryIO

from app.datasets import parse as csv
from app.datasets.cut_blocks import Block, BlockReader, Checkpoint
from app.datasets.formats import ndjson
from app.datasets.formats.places import places_of as places_of
from app.datasets.schemas import Dialect


def read_blocks(source: BinaryIO, dialect: Dialect, at: Checkpoint, block_bytes: int) -> Iterator[Block]:
    """The blocks from the checkpoint on, each cut at a record end."""
    reader = ndjson.LineReader if dialect.format == "ndjson" else BlockReader
    return iter(reader(source, dialect, at, block_bytes))


def parse_block(block: Block, dialect: Dialect) -> csv.Parsed:
    return ndjson.parse(block, dialect) if dialect.format == "ndjson" else csv.parse(block, dialect)
