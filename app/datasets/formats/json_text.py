"""JSON in all its wrappings: a list, a list in an object, objects one after another. Becomes one object a line."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from app.core.errors import Invalid
from app.datasets.cut_blocks import MAX_RECORD_BYTES, UTF8, errors_of

Ints = npt.NDArray[np.int64]
Shape = Literal["lines", "list", "wrapped", "sequence"]
PIECE = 4 << 20
LIST = re.compile(rb"\s*\[")
WRAPPED = re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*(?=[{\]])')
BACKSLASH, QUOTE, COMMA = 92, 34, 44
STEPS = np.zeros(256, dtype=np.int64)
STEPS[[ord("{"), ord("[")]] = 1
STEPS[[ord("}"), ord("]")]] = -1


class BrokenJson(Invalid):
    """This JSON file is broken."""


def looks_like_json(text: bytes) -> bool:
    """By how it begins; a CSV file does not begin with an object or a list of them."""
    return re.match(rb'\s*(?:\{\s*["}]|\[\s*[\[{\]])', text) is not None


def shape_of(text: bytes, *, whole: bool) -> Shape:
    """What kind of JSON file begins with this UTF-8 text."""
    if LIST.match(text):
        return "list"
    first, _, rest = text.lstrip().partition(b"\n")
    if (whole or rest) and _is_object(first):
        return "lines" if rest.strip() or not WRAPPED.match(text) else "wrapped"
    if WRAPPED.match(text):
        return "wrapped"
    return "sequence" if rest and not first.rstrip().endswith(b"}") else "lines"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line, type=dict[str, msgspec.Raw]), dict)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False


def write_lines(source: BinaryIO, encoding: str, bom: int, shape: Shape, sink: BinaryIO) -> None:
    """Each element becomes one line, without the blanks between its parts; numbers stay as they are written."""
    source.read(bom)
    elements = Elements(shape)
    for part in _utf8(source, encoding):
        _write(elements.feed(part), sink)
    _write(elements.finish(), sink)


def first_lines(text: bytes, shape: Shape, *, whole: bool) -> bytes:
    """The lines that the beginning of a file gives."""
    elements = Elements(shape)
    lines = elements.feed(text)
    return b"\n".join([*lines, *(elements.finish() if whole else [])]) + b"\n"


def _utf8(source: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Raises BrokenJson."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=errors_of(encoding))
    part = b"-"
    while part:
        part = source.read(PIECE)
        try:
            yield part if encoding in UTF8 else decoder.decode(part, not part).encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            raise BrokenJson(f"The file holds bytes that {encoding} cannot have. Is it complete?") from error


def _write(lines: list[bytes], sink: BinaryIO) -> None:
    if lines:
        sink.write(b"\n".join(lines) + b"\n")


class Elements:
    """Text goes in piece by piece; the elements that are complete come out. Raises BrokenJson."""

    def __init__(self, shape: Shape) -> None:
        self.shape, self.rest = shape, b""
        self.begun, self.ended, self.count = shape == "sequence", False, 0

    def feed(self, part: bytes) -> list[bytes]:
        text = self.rest + part
        if not self.begun:
            opening = (LIST if self.shape == "list" else WRAPPED).match(text)
            if opening is None:
                self.rest = text
                return []
            self.begun, text = True, text[opening.end() :]
        if self.ended:
            self.rest = text
            return []
        return self._cut(text)

    def finish(self) -> list[bytes]:
        """What is left must be what may stand behind a list."""
        if self.shape == "sequence":
            return [_line(self.rest)] if self.rest.strip() else []
        if not self.ended:
            raise BrokenJson(f"The file ends in the middle of its list, after {self.count:,} elements. Is it complete?")
        if self.rest.strip() != (b"}" if self.shape == "wrapped" else b""):
            raise BrokenJson(
                "More text follows the list. A JSON file is one list of objects, an object that holds nothing but such "
                "a list, or one object a line."
            )
        return []

    def _cut(self, text: bytes) -> list[bytes]:
        signs = np.frombuffer(text, dtype=np.uint8)
        marks, depth = _outer_marks(signs)
        if self.shape == "sequence":
            cuts = marks[(depth == 0) & (signs[marks] != COMMA)] + 1
            pieces = _between(text, cuts, skip=0)
            self.rest = text[int(cuts[-1]) :] if len(cuts) else text
        else:
            closing = np.flatnonzero(depth < 0)
            end = int(marks[closing[0]]) if len(closing) else None
            upto = int(closing[0]) if len(closing) else len(marks)
            commas = marks[:upto][(depth[:upto] == 0) & (signs[marks[:upto]] == COMMA)]
            cuts = commas if end is None else np.append(commas, end)
            pieces = _between(text, cuts, skip=1)
            self.rest = text[int(cuts[-1]) + 1 :] if len(cuts) else text
            self.ended = end is not None
            if self.ended and not pieces[-1].strip():  # an empty list, or a comma too many
                pieces.pop()
        if not self.ended and len(self.rest) > MAX_RECORD_BYTES:
            raise BrokenJson(
                f"Element {self.count + len(pieces) + 1:,} is longer than 16 MiB. Are all brackets closed?"
            )
        self.count += len(pieces)
        return [_line(piece) for piece in pieces]


def _outer_marks(signs: npt.NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Brackets and commas outside of texts, and how deep it is behind each."""
    quotes = np.flatnonzero(signs == QUOTE)
    quotes = quotes[~_escaped(signs, quotes)]
    steps = STEPS[signs]
    marks = np.flatnonzero((steps != 0) | (signs == COMMA))
    marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    return marks, np.cumsum(steps[marks])


def _escaped(signs: npt.NDArray[np.uint8], quotes: Ints) -> npt.NDArray[np.bool_]:
    """Quotes behind an odd number of backslashes."""
    escaped = np.zeros(len(quotes), dtype=np.bool_)
    doubtful = np.flatnonzero(signs[np.maximum(quotes - 1, 0)] == BACKSLASH)
    if not len(doubtful):
        return escaped
    slashes = np.flatnonzero(signs == BACKSLASH)
    begins = slashes[np.diff(slashes, prepend=-2) != 1]
    places = quotes[doubtful]
    begin = begins[np.searchsorted(begins, places) - 1]
    escaped[doubtful] = (places - begin) % 2 == 1
    return escaped


def _between(text: bytes, cuts: Ints, *, skip: int) -> list[bytes]:
    pieces, start = [], 0
    for cut in cuts.tolist():
        pieces.append(text[start:cut])
        start = cut + skip
    return pieces


def _line(element: bytes) -> bytes:
    """What is no JSON stays none: a line end in a text becomes the carriage return that may not stand there either."""
    try:
        return msgspec.json.format(element, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        return element.strip().replace(b"\n", b"\r") or b","
