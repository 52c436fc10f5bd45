"""A zip archive written as it goes, to something that cannot be wound back: sizes follow the content of each part."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from isal import isal_zlib

LEVEL = 1
FLAGS = 0x0808  # sizes come after the content; names are UTF-8
DEFLATED = 8
DOS_DATE = 0x21  # 1980-01-01: the same rows give the same bytes
LIMIT = 0xFFFF_FFFF
MAX_PART = LIMIT - (64 << 20)  # of one part before compression; who writes starts a new part before it


@dataclass(frozen=True)
class _Entry:
    name: bytes
    crc: int
    packed: int
    size: int
    offset: int


class ZipStream:
    """`begin`, `put` … and `end` for each part, then `close`; each gives the bytes that are ready."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.size = 0
        self._entries: list[_Entry] = []

    def begin(self, name: str) -> bytes:
        self._name, self._start = name.encode(), self.offset
        self.size = self._packed = self._crc = 0
        self._deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
        head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, FLAGS, DEFLATED, 0, DOS_DATE, 0, 0, 0, len(self._name), 0)
        return self._out(head + self._name)

    def put(self, content: bytes | memoryview) -> bytes:
        self._crc = isal_zlib.crc32(content, self._crc)
        self.size += len(content)
        return self._packed_out(self._deflate.compress(content))

    def end(self) -> bytes:
        if self.size > LIMIT:
            raise ValueError("a part of more than 4 GiB")
        last = self._packed_out(self._deflate.flush())
        self._entries.append(_Entry(self._name, self._crc, self._packed, self.size, self._start))
        return last + self._out(struct.pack("<4sIII", b"PK\7\10", self._crc, self._packed, self.size))

    def part(self, name: str, content: bytes) -> Iterator[bytes]:
        yield self.begin(name)
        yield self.put(content)
        yield self.end()

    def close(self) -> bytes:
        """The directory. Places beyond 4 GiB are told in the longer form that zip got later."""
        start = self.offset
        directory = b"".join(_listed(entry) for entry in self._entries)
        self._out(directory)
        count, size = len(self._entries), len(directory)
        tail = b""
        if start > LIMIT:
            tail = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
            tail += struct.pack("<4sIQI", b"PK\6\7", 0, self.offset, 1)
        tail += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size, min(start, LIMIT), 0)
        self._out(tail)
        return directory + tail

    def _packed_out(self, content: bytes) -> bytes:
        self._packed += len(content)
        return self._out(content)

    def _out(self, content: bytes) -> bytes:
        self.offset += len(content)
        return content


def _listed(entry: _Entry) -> bytes:
    far = entry.offset >= LIMIT
    extra = struct.pack("<HHQ", 1, 8, entry.offset) if far else b""
    needs = 45 if far else 20
    head = struct.pack("<4sHHHHHHIII", b"PK\1\2", needs, needs, FLAGS, DEFLATED, 0, DOS_DATE, *_figures(entry))
    lengths = struct.pack("<HHHHHII", len(entry.name), len(extra), 0, 0, 0, 0, LIMIT if far else entry.offset)
    return head + lengths + entry.name + extra


def _figures(entry: _Entry) -> tuple[int, int, int]:
    return entry.crc, entry.packed, entry.size
