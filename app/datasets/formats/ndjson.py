"""One JSON object a line. The text of every value is kept: 1.50 stays 1.50, and long numbers lose no digit."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from app.datasets.cut_blocks import Block, BlockReader
from app.datasets.formats.places import lines_of as lines_of
from app.datasets.parse import Broken, Parsed, not_text
from app.datasets.schemas import Dialect
from app.datasets.split import blank_records

TOO_DEEP = "The row cannot be read: it is nested too deeply."
MISSING = msgspec.Raw(b"null")
NUL = b"\\u0000"
NOT_JSON = re.compile(rb"[:,\[\s](-?(?:NaN|Infinity|nan|inf))\b")
ESCAPED = re.compile(r'["\\\x00-\x1f]')
ESCAPED_NAME = re.compile(rb'\\.[^"\\\n]*"[ \t\r]*:')
GAPS, GAP = (b" :", b"\t:", b"\r:"), re.compile(rb'"[ \t\r]++:')
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


def parse(block: Block, dialect: Dialect) -> Parsed:
    """A line that is no object is one broken record; the others are read all the same."""
    assert block.layout is not None
    kept = ~blank_records(block.layout, block.content)
    layout = block.layout
    starts, ends, lines = layout.starts[kept], layout.ends[kept], layout.lines[kept] + block.at.line
    keys = tuple(dialect.keys or dialect.header)
    texts = [block.content[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    columns, broken = _columns(block.content, texts, keys, dialect)
    named = zip(dialect.header, columns, strict=False)
    frame = pl.DataFrame([_column(name, values, dialect.newline) for name, values in named])
    nul = b"\0" in block.content or NUL in block.content
    return Parsed(frame, block.content, starts, ends, lines, broken, nul)


@lru_cache(maxsize=8)
def decoder_of(keys: tuple[str, ...]) -> "msgspec.json.Decoder[Row] | ByName":
    """Reads the named values as they stand in the text; checks and skips all others."""
    names = {f"f{place}": key for place, key in enumerate(keys)}
    fields = [(name, msgspec.Raw, MISSING) for name in names]
    if any(ESCAPED.search(key) for key in keys):
        return ByName(msgspec.defstruct("Row", fields, gc=False), keys)
    row = msgspec.defstruct("Row", fields, rename=names, gc=False)
    return msgspec.json.Decoder(row)


class ByName:
    """The same for names that JSON cannot write without an escape; the library refuses those. It is slower."""

    def __init__(self, row: type[Row], keys: tuple[str, ...]) -> None:
        self.type, self.keys = row, keys
        self.decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])

    def decode(self, text: bytes) -> Row:
        found = self.decoder.decode(text)
        return self.type(*(found.get(key, MISSING) for key in self.keys))


def _columns(
    content: bytes, texts: list[bytes], keys: tuple[str, ...], dialect: Dialect
) -> tuple[list[tuple[msgspec.Raw, ...]], list[Broken]]:
    """The values of each key, one for each line."""
    decoder = decoder_of(keys)
    empty = decoder.type()
    broken: dict[int, Broken] = {}
    try:
        content.decode()
        rows = list(map(decoder.decode, texts))
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        rows = [_row(index, text, decoder, (broken, dialect)) or empty for index, text in enumerate(texts)]
    columns = _across(rows, keys)
    if _may_repeat(content, columns, keys):
        for index, text in enumerate(texts):
            reason = None if index in broken else _repetition(text)
            if reason is not None:
                broken[index] = Broken(index, "json", reason)
                rows[index] = empty
        columns = _across(rows, keys)
    return columns, list(broken.values())


def _across(rows: list[Row], keys: tuple[str, ...]) -> list[tuple[msgspec.Raw, ...]]:
    return list(zip(*map(msgspec.structs.astuple, rows), strict=True)) or [() for _ in keys]


def _row(
    index: int, text: bytes, decoder: "msgspec.json.Decoder[Row] | ByName", out: tuple[dict[int, Broken], Dialect]
) -> Row:
    """None for a line that is no object; why is put into `broken`."""
    broken, dialect = out
    try:
        text.decode()
        return decoder.decode(text)
    except UnicodeDecodeError:
        broken[index] = Broken(index, "encoding", not_text(dialect))
    except RecursionError:
        broken[index] = Broken(index, "json", TOO_DEEP)
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


def _may_repeat(content: bytes, columns: list[tuple[msgspec.Raw, ...]], keys: tuple[str, ...]) -> bool:
    """Cheap and careful: as many names as values means that no object names a column twice, if all are written alike.

    A name that stands in a text or further inside is one too many, and then every line is looked at.
    """
    if ESCAPED_NAME.search(content) or (any(gap in content for gap in GAPS) and GAP.search(content)):
        return True
    for key, values in zip(keys, columns, strict=True):
        named = content.count(json.dumps(key, ensure_ascii=False).encode() + b":")
        lacking = sum(value is MISSING for value in values) if MISSING in values else 0
        if named != len(values) - lacking:
            return True
    return False


def _repetition(text: bytes) -> str | None:
    try:
        name = _repeated_key(text)
    except RecursionError:
        return TOO_DEEP
    return None if name is None else f"The object names {name!r} twice."


def _repeated_key(text: bytes) -> str | None:
    """The innermost objects come first, so what the last call found is about the outermost one."""
    found: list[str | None] = [None]

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        found[0] = next((name for name, _ in pairs if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]

    json.loads(text, object_pairs_hook=look, parse_int=str, parse_float=str)
    return found[0]


def _column(name: str, values: Sequence[msgspec.Raw], newline: str) -> pl.Series:
    """Texts without their quotes, numbers and booleans as written, lists and objects as JSON, null as missing.

    No value holds the line end, so they can be joined and cut again by it at once.
    """
    joined = newline.encode().join(values).decode()
    text = pl.Series("text", [joined] if values else [], dtype=pl.String()).str.split(newline).explode()
    value = pl.col("text")
    quoted = value.str.starts_with('"')
    bare = value.str.strip_prefix('"').str.strip_suffix('"')
    plain = text.to_frame().select(pl.when(quoted).then(bare).when(value != "null").then(value)).to_series().alias(name)
    escaped = text.to_frame().select((quoted & value.str.contains("\\", literal=True)).arg_true()).to_series()
    if not len(escaped):
        return plain
    return plain.scatter(escaped, text.gather(escaped).str.json_decode(pl.String()))
