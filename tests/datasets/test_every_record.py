"""Every record of a hostile file is stored or rejected once, and its blocks are the file byte for byte."""

import io
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.datasets.check import INDEX, Checker
from app.datasets.cut_blocks import Checkpoint
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.schemas import Column, DatasetSchema, Dialect

SCHEMA = DatasetSchema(columns=[Column(name="a"), Column.model_validate({"name": "b", "type": "integer"})])
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = [b'"', b'""', b"\n", b"\r\n", b"\r", b"x", b"1", b" ", "é".encode(), b"\xff", b"\0", b"\xef\xbb\xbf"]
OBJECTS = [
    b'{"a":"x","b":1}',
    b'{"b":"1"}',
    b'{"a":1,"a":2}',
    b"{",
    b"}",
    b"[]",
    b'{"a":"\\u0000"}',
    b'{"a":NaN}',
    b"{}",
]


def read(content: bytes, dialect: Dialect, block_bytes: int) -> tuple[list[Any], list[Any]]:
    """What is stored and what is rejected, each with its number; the blocks are counted and joined on the way."""
    start = Checkpoint(1, dialect.preamble, 1, 1)
    checker = Checker(SCHEMA, dialect, NOW)
    raw = content[: dialect.preamble]
    numbers: list[int] = []
    stored: list[Any] = []
    failed: list[Any] = []
    for block in read_blocks(io.BytesIO(content), dialect, start, block_bytes):
        assert block.at.byte == len(raw)
        assert block.at.row == len(numbers) + 1
        raw += block.raw
        parsed = parse_block(block, dialect)
        checked = checker.check(parsed, block.at.row)
        good, bad = checked.valid[INDEX].to_list(), set(checked.failures["index"].to_list())
        assert not bad.intersection(good)
        assert (len(good) + len(bad), checked.rejected) == (checked.rows, len(bad))
        numbers += [index + block.at.row for index in sorted([*good, *bad])]
        lines = [line.item() for line in parsed.lines]
        stored += [(row[-1] + block.at.row, lines[row[-1]], row[:-1]) for row in checked.valid.rows()]
        failed += [(row[0] + block.at.row, lines[row[0]], row[1:]) for row in checked.failures.rows()]
    assert raw == content
    assert numbers == list(range(1, len(numbers) + 1))
    return stored, failed


def count(stored: list[Any], failed: list[Any]) -> int:
    return len(stored) + len({row[0] for row in failed})


def csv_records(text: bytes, delimiter: bytes, newline: bytes) -> int:
    """A field that starts with a quote reaches to its closing one; if that is not there, the record ends with its line.

    Lines with nothing in them are no records.
    """
    records = at = 0
    while at < len(text):
        end = _record_end(text, at, delimiter, newline)
        records += text[at:end] not in (b"\n", b"\r\n", b"\r")
        at = end
    return records


def _record_end(text: bytes, start: int, delimiter: bytes, newline: bytes) -> int:
    at = start
    while True:
        if text[at : at + 1] == b'"':
            opened, at = at, _closing(text, at + 1)
            rest = text[at:]
            if at < 0 or not (rest in (b"", b"\r") or rest.startswith((delimiter, newline, b"\r" + newline))):
                return text.find(newline, opened) + 1 or len(text)
        while at < len(text) and text[at : at + 1] not in (delimiter, newline):
            at += 1
        if text[at : at + 1] != delimiter:
            return min(at + 1, len(text))
        at += 1


def _closing(text: bytes, at: int) -> int:
    """Behind the closing quote; -1 when there is none."""
    while (at := text.find(b'"', at)) >= 0:
        if text[at + 1 : at + 2] != b'"':
            return at + 1
        at += 2
    return -1


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(",;\t|"), st.sampled_from("\n\r"), st.booleans(), st.integers(1, 40))
def test_csv(data: st.DataObject, delimiter: str, newline: str, bom: bool, block: int) -> None:
    sign = delimiter.encode()
    row = [b"x" + sign + b"1\n", b'"x\n"' + sign + b'"1"\r\n', sign + b'"', b'"' + sign, sign]
    body = b"".join(data.draw(st.lists(st.sampled_from([*PLAIN, *row]), max_size=50)))
    mark = b"\xef\xbb\xbf" if bom else b""
    head = mark + b"a" + sign + b"b" + newline.encode()
    dialect = Dialect.model_validate(
        {"delimiter": delimiter, "newline": newline, "header": ["a", "b"], "bom": len(mark), "preamble": len(head)}
    )
    whole = read(head + body, dialect, 8 << 20)
    assert count(*whole) == csv_records(body, sign, newline.encode())
    assert read(head + body, dialect, block) == whole


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*PLAIN, *OBJECTS, *[one + b"\n" for one in OBJECTS]]), max_size=40), st.integers(1, 40)
)
def test_ndjson(pieces: list[bytes], block: int) -> None:
    content = b"".join(pieces)
    dialect = Dialect.model_validate({"format": "ndjson", "source": "ndjson", "header": ["a", "b"]})
    whole = read(content, dialect, 8 << 20)
    assert count(*whole) == sum(line not in (b"", b"\r") for line in content.split(b"\n"))
    assert read(content, dialect, block) == whole
