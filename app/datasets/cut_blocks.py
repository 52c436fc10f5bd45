"""Reads a file block by block, each cut at a record end, from any checkpoint on, in the memory of a few blocks."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app.core.errors import Invalid
from app.datasets.schemas import Dialect
from app.datasets.split import Layout, Record, blank_records, is_blank, scan, tokenize

BLOCK_BYTES = 8 << 20
FIRST_BLOCK_BYTES = 1 << 20
MAX_RECORD_BYTES = 16 << 20
FIRST_TOLERANT_BYTES = 128 << 10
SHORT_REST = 64 << 10
UTF8 = ("utf-8", "ascii")


class RecordTooLong(Invalid):
    """One record of this file is longer than 16 MiB. Is the delimiter or the line end right?"""


class NotThisEncoding(Invalid):
    """This file is not in this encoding."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything before it is done: numbers of the next block, byte, record and physical line."""

    block: int = 0
    byte: int = 0
    row: int = 1
    line: int = 1


@dataclass(frozen=True)
class Block:
    """`content` is UTF-8, `size` counts the original bytes. Either a clean `layout` or tolerantly read `records`."""

    at: Checkpoint
    content: bytes
    raw: bytes
    layout: Layout | None
    records: list[Record] | None
    newlines: int

    @property
    def tolerant(self) -> bool:
        return self.records is not None

    def after(self, rows: int) -> Checkpoint:
        return Checkpoint(
            self.at.block + 1, self.at.byte + len(self.raw), self.at.row + rows, self.at.line + self.newlines
        )


class BlockReader:
    """One block after another. Blank lines are no rows, so row numbers do not count them."""

    def __init__(self, source: BinaryIO, dialect: Dialect, at: Checkpoint, block_bytes: int) -> None:
        source.seek(at.byte)
        self.source, self.dialect, self.at, self.block_bytes = source, dialect, at, block_bytes
        self.raw, self.ended, self.tolerant_bytes = b"", False, FIRST_TOLERANT_BYTES

    def __iter__(self) -> Iterator[Block]:
        while (block := self._next()) is not None:
            self.at, self.raw = block.after(rows_of(block)), self.raw[len(block.raw) :]
            yield block
            del block  # else it would stay in memory while the next one is read

    def _next(self) -> Block | None:
        wanted = self._usual_bytes()
        while True:
            self._fill(wanted)
            if not self.raw:
                return None
            content = to_utf8(self.raw, self.dialect.encoding, final=self.ended)
            block = self._cut(content)
            if block is not None:
                _refuse_long_records(block)
                return block
            wanted = min(len(self.raw) * 2, MAX_RECORD_BYTES + self.block_bytes)

    def _cut(self, content: bytes) -> Block | None:
        if self.dialect.newline.encode() not in content and not self.ended:
            self.refuse_endless_record(content)
            return None  # no record is complete, and millions of fields would be looked at in vain
        return self._clean(content) or self._tolerant(content)

    def _usual_bytes(self) -> int:
        """The first blocks are smaller, so that PostgreSQL has something to do early. A resumed file is cut alike."""
        doublings = min(max(self.at.block - 1, 0), 16)
        return min(self.block_bytes, FIRST_BLOCK_BYTES << doublings)

    def _fill(self, wanted: int) -> None:
        if self.raw and not self.ended and len(self.raw) < SHORT_REST:
            self.source.seek(self.at.byte)  # reading it once more costs less than copying a block behind it
            self.raw = b""
        parts = [self.raw] if self.raw else []
        size = len(self.raw)
        while not self.ended and size < wanted:
            part = self.source.read(wanted - size)
            self.ended = not part
            parts += [part] if part else []
            size += len(part)
        self.raw = b"".join(parts)

    def _clean(self, content: bytes) -> Block | None:
        layout = scan(content, self.dialect.delimiter, self.dialect.newline, final=self.ended)
        count = len(layout.ends)
        if layout.bad_quote is not None:
            count = int((layout.ends <= layout.bad_quote).sum())
        if not count:
            return None
        self.tolerant_bytes = FIRST_TOLERANT_BYTES
        layout = layout.upto(count)
        return self._block(content[: int(layout.ends[-1])], layout=layout, newlines=layout.newlines)

    def _tolerant(self, content: bytes) -> Block | None:
        """Only a small piece, so that a single stray quote does not slow down what follows; more when it goes on."""
        newline = self.dialect.newline.encode()
        too_long = self.refuse_endless_record(content)
        records: list[Record] = []
        for record in tokenize(content, self.dialect.delimiter, self.dialect.newline, final=self.ended or too_long):
            records.append(record)
            if record.end >= self.tolerant_bytes:
                break
        if not records:
            return None
        self.tolerant_bytes = min(self.tolerant_bytes * 2, self.block_bytes)
        end = records[-1].end
        return self._block(content[:end], records=records, newlines=content.count(newline, 0, end))

    def refuse_endless_record(self, content: bytes) -> bool:
        """Whether more than the longest record is in hand. Raises RecordTooLong when it holds no line end."""
        too_long = len(self.raw) > MAX_RECORD_BYTES
        if too_long and self.dialect.newline.encode() not in content[:MAX_RECORD_BYTES]:
            raise RecordTooLong
        return too_long

    def _block(
        self,
        content: bytes,
        *,
        layout: Layout | None = None,
        records: list[Record] | None = None,
        newlines: int,
    ) -> Block:
        if self.dialect.encoding in UTF8:
            return Block(self.at, content, content, layout, records, newlines)
        return Block(self.at, content, self._original(content), layout, records, newlines)

    def _original(self, content: bytes) -> bytes:
        """The bytes that became this text. Where one text has several spellings, they are found out by reading again.

        Raises NotThisEncoding.
        """
        raw = original_bytes(content, self.dialect.encoding)
        own = self.raw[: len(raw)]
        if own != raw and to_utf8(own, self.dialect.encoding, final=True) != content:
            raise NotThisEncoding(
                f"This file writes the same text in several ways of {self.dialect.encoding}, so its rows cannot be"
                " told apart. Save it as UTF-8 and send that."
            )
        return own


def _refuse_long_records(block: Block) -> None:
    """Looks only at blocks that are larger than a record may be. Raises RecordTooLong."""
    if len(block.content) <= MAX_RECORD_BYTES:
        return
    if block.records is not None:
        longest = max(record.end - record.start for record in block.records)
    else:
        assert block.layout is not None
        longest = int((block.layout.ends - block.layout.starts).max())
    if longest > MAX_RECORD_BYTES:
        raise RecordTooLong


def rows_of(block: Block) -> int:
    """Records that are not blank lines."""
    if block.records is not None:
        return sum(1 for record in block.records if not is_blank(block.content[record.start : record.end]))
    assert block.layout is not None
    return len(block.layout.ends) - int(blank_records(block.layout, block.content).sum())


def to_utf8(raw: bytes, encoding: str, *, final: bool) -> bytes:
    """Bytes that the encoding does not know become invalid UTF-8, so that one check finds bad rows of all encodings.

    Raises NotThisEncoding where not even that can be done.
    """
    if encoding in UTF8:
        return raw
    try:
        decoder = codecs.getincrementaldecoder(encoding)(errors=errors_of(encoding))
        return decoder.decode(raw, final).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise NotThisEncoding(
            f"This file holds bytes that {encoding} cannot have, or ends in the middle of a character. Is it complete?"
            " If it is, pin the right encoding."
        ) from error


def original_size(content: bytes, encoding: str) -> int:
    return len(original_bytes(content, encoding))


def original_bytes(content: bytes, encoding: str) -> bytes:
    if encoding in UTF8:
        return content
    return content.decode("utf-8", "surrogatepass").encode(encoding, errors_of(encoding))


def errors_of(encoding: str) -> str:
    return "surrogatepass" if encoding.startswith("utf-") else "surrogateescape"
