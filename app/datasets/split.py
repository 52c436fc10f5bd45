"""Cuts bytes into records exactly as CSV means it, at the speed of numpy, and survives quotes that mean nothing.

`scan` proves that every quote of a block stands where RFC 4180 allows it. Only then may a newline count as a record end
by the number of quotes before it. Where the proof fails, `tokenize` reads record by record: a field that is opened by
a quote and not closed properly makes its line one broken record, and the line after it starts afresh.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
QUOTE = 34
LINE_FEED = 10
CARRIAGE_RETURN = 13
PIECE = 128 << 10
BLANK = (b"\n", b"\r\n", b"\r")
OPEN_FIELD = re.compile(rb'"(?>(?:[^"]+|"")*)')
UNCLOSED = "a quotation mark is not closed, or text follows the closing one"


@dataclass(frozen=True)
class Layout:
    """The complete records of some bytes. `bad_quote` is the first quote that stands where none may stand.

    `quotes` counts the quotation marks that no value holds: around it, and one of each two within. None: not counted.
    """

    starts: Ints
    ends: Ints
    lines: Ints
    newlines: int
    quotes: int | None = None
    bad_quote: int | None = None

    def upto(self, count: int) -> "Layout":
        """The first `count` records, known to be clean."""
        if count == len(self.ends):
            return replace(self, bad_quote=None)
        return Layout(self.starts[:count], self.ends[:count], self.lines[:count], int(self.lines[count]))


@dataclass(frozen=True)
class Record:
    """`fields` is None where the record cannot be told apart; `open_ended`: because a quote is open up to the end."""

    start: int
    end: int
    line: int
    fields: list[bytes] | None
    open_ended: bool = False


def scan(content: bytes, delimiter: str, newline: str, *, final: bool) -> Layout:
    """`final`: nothing follows, so the last record may lack its newline and an open quote is a bad one."""
    signs = np.frombuffer(content, dtype=np.uint8)
    borders = (ord(delimiter), ord(newline))
    marks = _marks(signs, (QUOTE, borders[1]))
    quoting = signs[marks] == QUOTE
    breaks, quotes = marks[~quoting], marks[quoting]
    ends = (marks[~quoting & _outside(quoting)] if len(quotes) else breaks) + 1
    inside = breaks if len(breaks) > len(ends) else None  # else lines and records are the same
    newlines = len(ends)
    if final and len(content) and (not len(ends) or ends[-1] < len(content)):
        ends = np.append(ends, len(content))
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    if inside is not None:
        newlines = int(np.searchsorted(inside, ends[-1])) if len(ends) else 0
    return Layout(
        starts=starts.astype(np.int64, copy=False),
        ends=ends.astype(np.int64, copy=False),
        lines=(np.arange(len(starts)) if inside is None else np.searchsorted(inside, starts)).astype(
            np.int64, copy=False
        ),
        newlines=newlines,
        quotes=_not_in_values(quotes, int(ends[-1]) if len(ends) else 0),
        bad_quote=_bad_quote(signs, quotes, borders, final=final),
    )


def _not_in_values(quotes: Ints, end: int) -> int:
    """Of two together within a field one is meant: the first closes, the second opens at once."""
    known = quotes[: int(np.searchsorted(quotes, end))]
    opening, closing = known[2::2], known[1::2]
    return len(known) - int(np.count_nonzero(opening == closing[: len(opening)] + 1))


def count_delimiters(content: bytes, layout: Layout, delimiter: str, newline: str) -> Ints:
    """How many stand in each record outside quotes. `content` ends with the last record."""
    signs = np.frombuffer(content, dtype=np.uint8)
    marks = _marks(signs, (QUOTE, ord(delimiter), ord(newline)))
    kinds = signs[marks]
    quoting = kinds == QUOTE
    bare = np.flatnonzero(~quoting & _outside(quoting))
    line_ends = np.flatnonzero(kinds[bare] == ord(newline))
    if len(line_ends) < len(layout.ends):  # nothing ends the last one
        line_ends = np.append(line_ends, len(bare))
    return np.diff(line_ends, prepend=-1).astype(np.int64, copy=False) - 1


def _marks(signs: npt.NDArray[np.uint8], wanted: tuple[int, ...]) -> Ints:
    """Where these signs are: in pieces that stay in the cache of the processor."""
    hits, more = np.empty(PIECE, dtype=bool), np.empty(PIECE, dtype=bool)
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(signs), PIECE):
        piece = signs[start : start + PIECE]
        hit, also = hits[: len(piece)], more[: len(piece)]
        np.equal(piece, wanted[0], out=hit)
        for sign in wanted[1:]:
            np.logical_or(hit, np.equal(piece, sign, out=also), out=hit)
        found.append(np.flatnonzero(hit) + start)
    return np.concatenate(found)


def _outside(quoting: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which marks have an even number of quotes before them."""
    outside: npt.NDArray[np.bool_] = ~np.logical_xor.accumulate(quoting)
    return outside


def _bad_quote(signs: npt.NDArray[np.uint8], quotes: Ints, borders: tuple[int, int], *, final: bool) -> int | None:
    """Quotes alternate: an opening one needs a border or a quote before it, a closing one the same behind it."""
    if not len(quotes):
        return None
    opening, closing = quotes[::2], quotes[1::2]
    opens = _border(signs[np.maximum(opening - 1, 0)], borders)
    if not opens.all():
        opens |= opening == 0
    after = signs[np.minimum(closing + 1, len(signs) - 1)]
    closes = _border(after, borders)
    if not closes.all():
        second = signs[np.minimum(closing + 2, len(signs) - 1)]
        closes |= (closing == len(signs) - 1) | (
            (after == CARRIAGE_RETURN) & ((second == borders[1]) | (closing + 2 >= len(signs)))
        )
    wrong = np.concatenate((opening[~opens], closing[~closes]))
    if len(wrong):
        return int(wrong.min())
    return int(quotes[-1]) if final and len(quotes) % 2 else None


def _border(signs: npt.NDArray[np.uint8], borders: tuple[int, int]) -> npt.NDArray[np.bool_]:
    at_border: npt.NDArray[np.bool_] = (signs == borders[0]) | (signs == borders[1]) | (signs == QUOTE)
    return at_border


@lru_cache(maxsize=16)
def _field_pattern(delimiter: str, newline: str) -> "re.Pattern[bytes]":
    """A quoted field up to its closing quote, or a bare one. Atomic groups: hostile quotes must not make it crawl."""
    stop = re.escape(delimiter) + re.escape(newline)
    quoted = rf'"(?>((?:[^"]+|"")*))"(?=[{stop}]|\r{re.escape(newline)}|\r?\Z)'
    return re.compile(rf"(?:{quoted})|((?!\")[^{stop}]*)".encode(), re.DOTALL)


def tokenize(content: bytes, delimiter: str, newline: str, *, final: bool) -> Iterator[Record]:
    """Record by record; stops before a record that bytes still to come could complete (unless `final`)."""
    position, line = 0, 0
    while position < len(content):
        record = _record_at(content, position, line, (delimiter, newline))
        touches_end = content[record.end - 1 : record.end] != newline.encode()
        if not final and (touches_end or record.open_ended):
            return
        yield record
        line += content.count(newline.encode(), record.start, record.end)
        position = record.end


def _record_at(content: bytes, start: int, line: int, marks: tuple[str, str]) -> Record:
    pattern, (delimiter, newline) = _field_pattern(*marks), (marks[0].encode(), marks[1].encode())
    fields: list[bytes] = []
    position = start
    while True:
        found = pattern.match(content, position)
        if found is None:
            end = content.find(newline, position) + 1
            opened = OPEN_FIELD.match(content, position)
            open_ended = opened is not None and opened.end() == len(content)
            return Record(start, end or len(content), line, None, open_ended)
        fields.append(found[1].replace(b'""', b'"') if found[1] is not None else found[2])
        position = found.end()
        if content[position : position + 1] == delimiter:
            position += 1
            continue
        return _closed(content, Record(start, position, line, fields), newline)


def _closed(content: bytes, record: Record, newline: bytes) -> Record:
    """Takes the line end in, and the carriage return before it out of the last field."""
    fields, end = record.fields or [], record.end
    if newline != b"\r" and content[end : end + 1] == b"\r":
        end += 1
    elif content[end - 1 : end] == b"\r" and fields[-1].endswith(b"\r"):  # not inside quotes
        fields[-1] = fields[-1][:-1]
    if content[end : end + 1] == newline:
        end += 1
    return Record(record.start, end, record.line, fields)


def is_blank(record: bytes) -> bool:
    """Nothing but a line end."""
    return record in BLANK


def blank_records(layout: Layout, content: bytes) -> npt.NDArray[np.bool_]:
    """The same question for all records at once. Only the shortest ones can be meant."""
    size = layout.ends - layout.starts
    blank = size <= 2
    short = np.flatnonzero(blank)
    signs = np.frombuffer(content, dtype=np.uint8)
    first, last = signs[layout.starts[short]], signs[layout.ends[short] - 1]
    single = (size[short] == 1) & ((first == LINE_FEED) | (first == CARRIAGE_RETURN))
    blank[short] = single | ((size[short] == 2) & (first == CARRIAGE_RETURN) & (last == LINE_FEED))
    return blank


def fields_of(record: bytes, delimiter: str, newline: str) -> list[bytes] | None:
    """The fields of one record; None where they cannot be told apart."""
    first: Any = next(tokenize(record, delimiter, newline, final=True), None)
    return first.fields if first is not None else []
