"""Reads bytes the way a load does, without a database: cut, parsed and checked."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.datasets.check import INDEX, Checker
from app.datasets.cut_blocks import BlockReader, Checkpoint
from app.datasets.header import match_header
from app.datasets.parse import parse
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
    dialect = sniff(content, pins)
    columns = columns or [{"name": name} for name in dialect.header]
    schema = DatasetSchema.model_validate({"columns": columns, **rest})
    dialect = match_header(schema, dialect)
    reading, checker = Reading(dialect, bytes_read=dialect.preamble), Checker(schema, dialect, NOW)
    start = Checkpoint(1, dialect.preamble, 1, 1 + dialect.preamble_lines)
    for one in BlockReader(io.BytesIO(content), dialect, start, block):
        parsed = parse(one, dialect)
        checked = checker.check(parsed, one.at.row)
        reading.tolerant_blocks += one.tolerant
        reading.bytes_read += len(one.raw)
        texts = parsed.texts_of(np.arange(checked.rows))
        for index in range(checked.rows):
            reading.lines[one.at.row + index] = int(parsed.lines[index])
            reading.raw[one.at.row + index] = texts[index]
        for index, *values in checked.valid.select(INDEX, *(column["name"] for column in columns)).rows():
            reading.rows[one.at.row + index] = tuple(values)
        for index, column, rule, _value, message in checked.failures.rows():
            reading.failures.setdefault(one.at.row + index, []).append((column, rule))
            reading.messages.setdefault(one.at.row + index, []).append(message)
    return reading


def rules_of(reading: Reading) -> dict[int, list[str]]:
    return {row: [rule for _, rule in failures] for row, failures in reading.failures.items()}
