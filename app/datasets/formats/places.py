"""Where the records of a block stand. Without the engine, so that a door can trace a row."""

import numpy as np

from app.datasets.schemas import Dialect
from app.datasets.split import Layout, is_blank, scan, tokenize

Place = tuple[int, int, int]


def lines_of(content: bytes, newline: str, *, final: bool) -> Layout:
    signs = np.frombuffer(content, dtype=np.uint8)
    breaks = np.flatnonzero(signs == ord(newline)).astype(np.int64)
    ends = breaks + 1
    if final and len(content) and (not len(ends) or ends[-1] < len(content)):
        ends = np.append(ends, len(content))
    starts = np.concatenate((np.zeros(min(len(ends), 1), dtype=np.int64), ends[:-1]))
    lines = np.arange(len(ends), dtype=np.int64)
    return Layout(starts, ends, lines, len(breaks))


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
        lines_of(content, dialect.newline, final=True)
        if dialect.format == "ndjson"
        else scan(content, dialect.delimiter, dialect.newline, final=True)
    )
    return list(zip(layout.starts.tolist(), layout.ends.tolist(), layout.lines.tolist(), strict=True))
