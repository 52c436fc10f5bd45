"""Messages as lines: the value of each on one line, so that a portion is a block of NDJSON like any other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import zstandard

from app.datasets.streams.places import SHOWN_KEY, Message

TOMBSTONE = ("tombstone", "The message has no value: it says that its key was deleted.")
EMPTY = ("json", "The message is empty.")
BLANKS = b" \t\r\n"
_whole = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True)
class Lines:
    """`reasons` is for messages of which the line alone cannot tell what is wrong with them."""

    content: bytes
    reasons: dict[int, tuple[str, str]]
    places: bytes


def lines_of(topic: str, messages: Sequence[Message]) -> Lines:
    reasons: dict[int, tuple[str, str]] = {}
    lines = [_line(index, message.value, reasons) for index, message in enumerate(messages)]
    return Lines(b"\n".join([*lines, b""]), reasons, _places(topic, messages))


def _line(index: int, value: bytes | None, reasons: dict[int, tuple[str, str]]) -> bytes:
    """A blank line would be no row, so what is blank is written as JSON that is no object either."""
    if value is None:
        reasons[index] = TOMBSTONE
        return b"null"
    if not value.strip(BLANKS):
        reasons[index] = EMPTY
        return json.dumps(value.decode("latin-1")).encode()
    if b"\n" in value or b"\r" in value:
        return _on_one_line(value)
    return value


def _on_one_line(value: bytes) -> bytes:
    """In JSON a line end can only stand between two parts. In other text it is drawn."""
    try:
        _whole.decode(value)
    except msgspec.MsgspecError:
        return value.replace(b"\r", "␍".encode()).replace(b"\n", "␊".encode())
    return value.replace(b"\r", b" ").replace(b"\n", b" ")


def _places(topic: str, messages: Sequence[Message]) -> bytes:
    places = {
        "topic": topic,
        "partition": [message.partition for message in messages],
        "offset": [message.offset for message in messages],
        "timestamp": [message.timestamp for message in messages],
        "key": [_key(message.key) for message in messages],
    }
    return zstandard.ZstdCompressor(level=3).compress(msgspec.json.encode(places))


def _key(key: bytes | None) -> str | None:
    return None if key is None else key[:SHOWN_KEY].decode("utf-8", "replace")
