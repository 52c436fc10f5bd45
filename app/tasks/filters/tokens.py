"""A text becomes tokens, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.tasks.filters.faults import FilterError

MAX_LENGTH = 1000
# Phones and word processors turn straight quotation marks into these.
CLOSING = {'"': '"', "“": '”“"', "„": '“”"', "”": '”"'}
FIELD = re.compile(r"[^\W\d_][\w-]*(?=:)")
BARE = re.compile(r"[^\s()\"“„”]+")
BARE_VALUE = re.compile(r"[^\s(),\"“„”]+")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
QUOTE_IT = "Put text with brackets or quotation marks in it into quotation marks."

Kind = Literal["(", ")", "-", "or", "and", "word", "number", "field", "end"]


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    at: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as it was written; a field also has its values."""

    kind: Kind
    at: int
    text: str = ""
    quoted: bool = False
    values: tuple[Value, ...] = ()


def tokens(text: str) -> Iterator[Token]:
    """Raises FilterError."""
    if len(text) > MAX_LENGTH:
        rest = text[MAX_LENGTH : MAX_LENGTH + 10]
        raise FilterError(MAX_LENGTH, rest, f"the end of a filter ({MAX_LENGTH} characters)")
    if wrong := UNSTORABLE.search(text):
        raise FilterError(wrong.start(), f"U+{ord(wrong[0]):04X}", "a character that can be searched for")
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _next(text, at)
        yield token
    yield Token("end", len(text))


def _next(text: str, at: int) -> tuple[Token, int]:
    char, after = text[at], text[at + 1 : at + 2]
    if char in "()":
        return Token("(" if char == "(" else ")", at, char), at + 1
    if char == "-" and after and not after.isspace() and after != ")":
        return Token("-", at, char), at + 1
    if char in CLOSING:
        value, end = _quoted(text, at)
        return Token("word", at, value.text, quoted=True), end
    if field := FIELD.match(text, at):
        values, end = _values(text, field.end() + 1)
        return Token("field", at, field[0], values=values), end
    word = BARE.match(text, at)
    assert word
    kind: Kind = "word"
    if word[0].lower() in ("or", "and"):
        kind = "or" if word[0].lower() == "or" else "and"
    elif re.fullmatch(r"#[0-9]{1,9}", word[0]):
        kind = "number"
    return Token(kind, at, word[0]), word.end()


def _values(text: str, at: int) -> tuple[tuple[Value, ...], int]:
    """What follows the colon: values with commas between them and no spaces."""
    values = []
    while True:
        value, at = _value(text, at)
        values.append(value)
        if text[at : at + 1] != ",":
            break
        at += 1
    if at < len(text) and not text[at].isspace() and text[at] not in "()":
        raise FilterError(at, text[at], "a comma or a space", way_out=QUOTE_IT)
    return tuple(values), at


def _value(text: str, at: int) -> tuple[Value, int]:
    if text[at : at + 1] in CLOSING and at < len(text):
        return _quoted(text, at)
    if found := BARE_VALUE.match(text, at):
        return Value(found[0], at), found.end()
    raise FilterError(at, text[at : at + 1], "a value", way_out="Write it right after the colon or comma.")


def _quoted(text: str, start: int) -> tuple[Value, int]:
    """A backslash makes the next character part of the text."""
    closing, at = CLOSING[text[start]], start + 1
    parts: list[str] = []
    while at < len(text):
        if text[at] in closing:
            return _filled("".join(parts), start), at + 1
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        parts.append(text[at])
        at += 1
    raise FilterError(len(text), "", f"the quotation mark that ends the text from character {start + 1} on")


def _filled(text: str, at: int) -> Value:
    if not text.strip():
        raise FilterError(at, '""', "text between the quotation marks")
    return Value(text, at, quoted=True)
