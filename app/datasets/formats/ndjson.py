"""One JSON object a line. The text of every value is kept: 1.50 stays 1.50, and long numbers lose no digit."""

import json
import re
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import polars as pl

from app.datasets.cut_blocks import Block, BlockReader
from app.datasets.parse import Broken, Parsed, not_text
from app.datasets.schemas import Dialect
from app.datasets.split import Layout, blank_records

NUL = b"\\u0000"
NOT_JSON = re.compile(rb"[:,\[\s](-?(?:NaN|Infinity|nan|inf))\b")
REASONS = (
    ("trailing characters", "more text follows the object"),
    ("Input data was truncated", "it ends too early"),
    ("trailing comma", "a comma stands before a closing bracket"),
)
Row = Any  # a struct with one field for each column


class LineReader(BlockReader):
    """Every line end ends a record: inside of JSON it can only stand as an escape."""

    def _clean(self, content: bytes) -> Block | None:
        layout = lines_of(content, self.dialect.newline, final=self.ended)
        if not len(layout.ends):
            return None
        return self._block(content[: int(layout.ends[-1])], layout=layout, newlines=layout.newlines)

    def _tolerant(self, content: bytes) -> Block | None:
        self.refuse_endless_record(content)
        return None


def lines_of(content: bytes, newline: str, *, final: bool) -> Layout:
    signs = np.frombuffer(content, dtype=np.uint8)
    breaks = np.flatnonzero(signs == ord(newline)).astype(np.int64)
    ends = breaks + 1
    if final and len(content) and (not len(ends) or ends[-1] < len(content)):
        ends = np.append(ends, len(content))
    starts = np.concatenate((np.zeros(min(len(ends), 1), dtype=np.int64), ends[:-1]))
    lines = np.arange(len(ends), dtype=np.int64)
    return Layout(starts, ends, np.zeros_like(ends), lines, len(breaks))


def parse(block: Block, dialect: Dialect) -> Parsed:
    """A line that is no object is one broken record; the others are read all the same."""
    assert block.layout is not None
    kept = ~blank_records(block.layout, block.content)
    layout = block.layout
    starts, ends, lines = layout.starts[kept], layout.ends[kept], layout.lines[kept] + block.at.line
    keys = tuple(dialect.keys or dialect.header)
    texts = [block.content[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    rows, broken = _rows(block.content, texts, keys, dialect)
    frame = pl.DataFrame([_column(name, place, rows) for place, name in enumerate(dialect.header[: len(keys)])])
    nul = b"\0" in block.content or NUL in block.content
    return Parsed(frame, block.content, starts, ends, lines, broken, nul)


@lru_cache(maxsize=8)
def decoder_of(keys: tuple[str, ...]) -> "msgspec.json.Decoder[Row]":
    """Reads the named values as they stand in the text; checks and skips all others."""
    names = {f"f{place}": key for place, key in enumerate(keys)}
    fields = [(name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for name in names]
    row = msgspec.defstruct("Row", fields, rename=names, gc=False)
    return msgspec.json.Decoder(row)


def _rows(
    content: bytes, texts: list[bytes], keys: tuple[str, ...], dialect: Dialect
) -> tuple[list[Row], list[Broken]]:
    decoder = decoder_of(keys)
    empty = decoder.type()
    broken: dict[int, Broken] = {}
    try:
        content.decode()
        rows = list(map(decoder.decode, texts))
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        rows = [_row(index, text, decoder, (broken, dialect)) or empty for index, text in enumerate(texts)]
    if _may_repeat(content, rows, keys):
        for index, text in enumerate(texts):
            name = None if index in broken else _repeated_key(text)
            if name is not None:
                broken[index] = Broken(index, "json", f"The object names {name!r} twice.")
                rows[index] = empty
    return rows, list(broken.values())


def _row(index: int, text: bytes, decoder: "msgspec.json.Decoder[Row]", out: tuple[dict[int, Broken], Dialect]) -> Row:
    """None for a line that is no object; why is put into `broken`."""
    broken, dialect = out
    try:
        text.decode()
        return decoder.decode(text)
    except UnicodeDecodeError:
        broken[index] = Broken(index, "encoding", not_text(dialect))
    except RecursionError:
        broken[index] = Broken(index, "json", "The row cannot be read: it is nested too deeply.")
    except msgspec.MsgspecError as error:
        broken[index] = Broken(index, "json", _reason(text, error))
    return None


def _reason(text: bytes, error: msgspec.MsgspecError) -> str:
    if isinstance(error, msgspec.ValidationError):
        return f"The row is not a JSON object but {_kind(text)}."
    if b"\0" in text:
        return "The row cannot be read as JSON: it holds a NUL byte."
    constant = NOT_JSON.search(text)
    if constant is not None:
        return f"The row cannot be read as JSON: {constant[1].decode()} is not a JSON number. Write null instead."
    said = str(error)
    words = next((words for part, words in REASONS if part in said), None)
    place = re.search(r"\(byte (\d+)\)", said)
    at = f", at byte {int(place[1]) + 1} of the line" if place else ""
    return f"The row cannot be read as JSON: {words or 'a character stands where it may not'}{at}."


def _kind(text: bytes) -> str:
    first = text.lstrip()[:1]
    return {b"[": "a list", b'"': "a text", b"t": "true", b"f": "false", b"n": "null"}.get(first, "a number")


def _may_repeat(content: bytes, rows: list[Row], keys: tuple[str, ...]) -> bool:
    """Cheap and careful: as many names as values means that no object names a column twice."""
    for place, key in enumerate(keys):
        given = sum(getattr(row, f"f{place}") is not msgspec.UNSET for row in rows)
        if content.count(json.dumps(key, ensure_ascii=False).encode() + b":") != given:
            return True
    return False


def _repeated_key(text: bytes) -> str | None:
    """The innermost objects come first, so what the last call found is about the outermost one."""
    found: list[str | None] = [None]

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        found[0] = next((name for name, _ in pairs if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]

    json.loads(text, object_pairs_hook=look, parse_int=str, parse_float=str)
    return found[0]


def _column(name: str, place: int, rows: list[Row]) -> pl.Series:
    """Texts without their quotes, numbers and booleans as written, lists and objects as JSON, null as missing."""
    field = f"f{place}"
    missing = msgspec.UNSET
    raws = [None if (value := getattr(row, field)) is missing else bytes(value) for row in rows]
    text = pl.Series(name, raws, dtype=pl.Binary()).cast(pl.String())
    value = pl.col(name)
    quoted = value.str.starts_with('"')
    frame = text.to_frame().with_columns(
        pl.when(quoted)
        .then(value.str.slice(1, value.str.len_chars() - 2))
        .when(value != "null")
        .then(value)
        .alias(name),
        (quoted & value.str.contains("\\", literal=True)).fill_null(value=False).alias("__escaped"),
    )
    if not frame["__escaped"].any():
        return frame[name]
    places = frame["__escaped"].arg_true()
    unescaped = [json.loads(one) for one in text.gather(places)]
    return frame[name].scatter(places, pl.Series(unescaped, dtype=pl.String()))
