"""From a file to blocks that only need to be sent: cut, parse, check, compress, encode. No database here."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO

import polars as pl
import zstandard

from app.core.errors import TooLarge
from app.core.settings import settings
from app.datasets.check import INDEX, Checked, Checker
from app.datasets.cut_blocks import Block, Checkpoint
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.known_keys import Keys
from app.datasets.load import Prepared, encode
from app.datasets.overlap import ahead
from app.datasets.parse import Parsed
from app.datasets.schemas import DatasetSchema, Dialect

NO_FRAME = pl.DataFrame()
ZSTD_LEVEL = 1  # level 3 needs twice the time and saves nothing on such texts


class TooManyRows(TooLarge):
    """This file has more rows than are allowed."""


@dataclass(frozen=True)
class Task:
    """What must be known about a batch to check its file."""

    batch_id: int
    schema: DatasetSchema
    dialect: Dialect
    now: datetime
    block_bytes: int
    keys: dict[str, Keys] = field(default_factory=dict)


def prepared_blocks(source: BinaryIO, task: Task, at: Checkpoint) -> Iterator[Prepared]:
    """The blocks from the checkpoint on. While one is encoded, the next is checked."""
    with ahead(_checked_blocks(source, task, at)) as blocks:
        for block, parsed, checked in blocks:
            yield encode_block(block, parsed, checked, task.batch_id)
            del block, parsed, checked  # else they would stay in memory while the next ones are made


def _checked_blocks(source: BinaryIO, task: Task, at: Checkpoint) -> Iterator[tuple[Block, Parsed, Checked]]:
    checker = Checker(task.schema, task.dialect, task.now, task.keys)
    if checker.seen and at.row > 1:
        _learn_stored_rows(checker, source, task, at)
    for block in read_blocks(source, task.dialect, at, task.block_bytes):
        parsed = parse_block(block, task.dialect)
        checked = checker.check(parsed, block.at.row)
        if block.at.row + checked.rows > settings().max_rows + 1:
            raise TooManyRows(f"This file has more than the {settings().max_rows:,} rows allowed (MAX_ROWS). Split it.")
        yield block, replace(parsed, frame=NO_FRAME), checked
        del block, parsed, checked


def _learn_stored_rows(checker: Checker, source: BinaryIO, task: Task, at: Checkpoint) -> None:
    start = Checkpoint(1, task.dialect.preamble, 1, 1 + task.dialect.preamble_lines)
    for block in read_blocks(source, task.dialect, start, task.block_bytes):
        if block.at.byte >= at.byte:
            return
        checker.learn(parse_block(block, task.dialect), block.at.row)


def preamble(source: BinaryIO, dialect: Dialect) -> Prepared:
    """Byte order mark and column names are evidence too: all blocks together are the file, byte for byte."""
    source.seek(0)
    raw = source.read(dialect.preamble)
    return Prepared(
        at=Checkpoint(),
        after=Checkpoint(1, len(raw), 1, 1 + dialect.preamble_lines),
        raw_size=len(raw),
        raw_compressed=_compressed(raw),
        tolerant=False,
        rows=0,
        rejected=0,
        failures=0,
        valid=[],
        rejects=[],
    )


def encode_block(block: Block, parsed: Parsed, checked: Checked, batch_id: int) -> Prepared:
    valid = checked.valid.select(
        pl.lit(batch_id, dtype=pl.Int64()).alias("_batch"),
        (pl.col(INDEX) + block.at.row).alias("_row"),
        pl.exclude(INDEX),
    )
    return Prepared(
        at=block.at,
        after=block.after(checked.rows),
        raw_size=len(block.raw),
        raw_compressed=_compressed(block.raw),
        tolerant=block.tolerant,
        rows=checked.rows,
        rejected=checked.rejected,
        failures=len(checked.failures),
        valid=encode(valid) if len(valid) else [],
        rejects=encode(_rejects(parsed, checked, block.at.row, batch_id)) if checked.rejected else [],
        reasons=_reasons(checked.failures),
        parquet=_parquet(valid) if len(valid) else None,
    )


def _compressed(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(raw)


def _parquet(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd", compression_level=1)
    return sink.getvalue()


def _rejects(parsed: Parsed, checked: Checked, first_row: int, batch_id: int) -> pl.DataFrame:
    """One line per record, all its failures as JSON. A binary JSONB is its version byte and the text."""
    grouped = checked.failures.group_by("index", maintain_order=True).agg(
        failures=pl.struct("column", "rule", "value", "message")
    )
    places = grouped["index"].to_numpy()
    texts = pl.struct("failures").struct.json_encode().str.slice(len('{"failures":')).str.strip_suffix("}")
    return grouped.select(
        pl.lit(batch_id, dtype=pl.Int64()).alias("batch_id"),
        (pl.col("index") + first_row).alias("row"),
        pl.Series("line", parsed.lines[places]),
        parsed.texts_of(places).alias("raw"),
        (pl.lit("\x01") + texts).alias("failures"),
    )


def _reasons(failures: pl.DataFrame) -> list[tuple[str, str, int]]:
    return failures.group_by("column", "rule").len().sort("column", "rule").rows()
