"""The beginning of a JSON file: what its objects call their values."""

import msgspec

from app.datasets.cut_blocks import to_utf8
from app.datasets.formats.json_text import BrokenJson, first_lines, shape_of
from app.datasets.formats.kinds import says_json
from app.datasets.schemas import Dialect, Pins
from app.datasets.sniff import BadHeader, NotATable, bom_of, checked_names, known_encoding, wide_encoding

OBJECTS_SEEN = 5_000


def sniff_json(head: bytes, file_name: str, pins: Pins, *, whole: bool) -> tuple[Dialect, bytes] | None:
    """How it is read, and the beginning of its lines; None for text that is no JSON. Raises NotATable, BadHeader."""
    if not says_json(file_name, head):
        return None
    bom, encoding = json_encoding(head, pins)
    text = to_utf8(head[bom:], encoding, final=False)
    shape = shape_of(text, whole=whole)
    try:
        lines = text if shape == "lines" else first_lines(text, shape, whole=whole)
    except BrokenJson as error:
        raise NotATable(error.message) from error
    keys = _keys(lines, file_name, whole=whole)
    guessed = [] if pins.encoding else ["encoding"]
    common = {"format": "ndjson", "header": checked_names([key.strip() for key in keys]), "keys": keys}
    if shape != "lines":
        return Dialect.model_validate(common | {"source": "json", "file_encoding": encoding, "guessed": guessed}), lines
    newline = "\n" if b"\n" in text or b"\r" not in text else "\r"
    own = {
        "source": "ndjson",
        "encoding": encoding,
        "bom": bom,
        "preamble": bom,
        "newline": newline,
        "guessed": guessed,
    }
    return Dialect.model_validate(common | own), head


def json_encoding(head: bytes, pins: Pins) -> tuple[int, str]:
    """Size of the byte order mark, and the encoding; JSON is UTF-8 unless it is plainly not."""
    bom, encoding = bom_of(head)
    return bom, known_encoding(pins.encoding, encoding) if pins.encoding else encoding or wide_encoding(head) or "utf-8"


def _keys(lines: bytes, file_name: str, *, whole: bool) -> list[str]:
    """In order of appearance."""
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    keys: dict[str, None] = {}
    objects = 0
    for line in lines.splitlines()[:OBJECTS_SEEN]:
        try:
            keys |= dict.fromkeys(decoder.decode(line))
            objects += 1
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue
    if not objects and not whole and b"\n" not in lines.rstrip():
        raise NotATable(f"The first object of {file_name} is longer than 1 MiB. Are all brackets closed?")
    if not objects:
        raise NotATable(f'{file_name} holds no JSON objects. A row is an object such as {{"name": "value"}}.')
    if not keys:
        raise BadHeader("The objects of this file are empty.")
    return list(keys)
