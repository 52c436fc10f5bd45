"""Reads bytes the way a load does, without a database: cut, parsed and checked."""

import codecs
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.datasets.check import INDEX, Checker
from app.datasets.cut_blocks import Checkpoint, to_utf8
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.formats.json_text import shape_of, write_lines
from app.datasets.formats.look import text_look
from app.datasets.header import match_header
from app.datasets.schemas import DatasetSchema, Dialect, Pins
from app.datasets.sniff import sniff

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Reading:
    dialect: Dialect
    rows: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    raw: dict[int, str] = field(default_factory=dict)
    failures: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    messages: dict[int, list[str]] = field(default_factory=dict)
    tolerant_blocks: int = 0
    bytes_read: int = 0

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.failures)

    @property
    def values(self) -> list[tuple[Any, ...]]:
        return [self.rows[row] for row in sorted(self.rows)]


def read(content: bytes, columns: list[dict[str, Any]] | None = None, *, block: int = 8 << 20, **rest: Any) -> Reading:
    """Without columns, every column of the file is a text."""
    pins = Pins.model_validate(rest.pop("pins", {}))
    return _read(content, sniff(content, pins), columns, block=block, **rest)


def read_json(content: bytes, *, names: list[str] | None = None, block: int = 8 << 20) -> Reading:
    """Of lists, the lines that they become."""
    part, _ = text_look(content, "rows.json", Pins())
    assert part.dialect
    if part.dialect.source == "json":
        text, bom = io.BytesIO(), len(codecs.BOM_UTF16) if part.dialect.file_encoding != "utf-8" else 0
        shape = shape_of(to_utf8(content[bom:], part.dialect.file_encoding, final=True), whole=True)
        write_lines(io.BytesIO(content), part.dialect.file_encoding, bom, shape, text)
        content = text.getvalue()
    wanted = names or ["a", "b"]
    return _read(content, part.dialect, [{"name": name} for name in wanted], block=block)


def _read(
    content: bytes, dialect: Dialect, columns: list[dict[str, Any]] | None, *, block: int, **rest: Any
) -> Reading:
    columns = columns or [{"name": name} for name in dialect.header]
    schema = DatasetSchema.model_validate({"columns": columns, **rest})
    dialect = match_header(schema, dialect)
    reading, checker = Reading(dialect, bytes_read=dialect.preamble), Checker(schema, dialect, NOW)
    start = Checkpoint(1, dialect.preamble, 1, 1 + dialect.preamble_lines)
    for one in read_blocks(io.BytesIO(content), dialect, start, block):
        parsed = parse_block(one, dialect)
        checked = checker.check(parsed, one.at.row)
        reading.tolerant_blocks += one.tolerant
        reading.bytes_read += len(one.raw)
        texts = parsed.texts_of(np.arange(checked.rows))
        for index in range(checked.rows):
            reading.lines[one.at.row + index] = int(parsed.lines[index])
            reading.raw[one.at.row + index] = texts[index]
        for index, *values in checked.valid[[INDEX, *(column["name"] for column in columns)]].rows():
            reading.rows[one.at.row + index] = tuple(values)
        for index, column, rule, _value, message in checked.failures.rows():
            reading.failures.setdefault(one.at.row + index, []).append((column, rule))
            reading.messages.setdefault(one.at.row + index, []).append(message)
    return reading


def rules_of(reading: Reading) -> dict[int, list[str]]:
    return {row: [rule for _, rule in failures] for row, failures in reading.failures.items()}
