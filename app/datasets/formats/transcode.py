"""The first step of loading a file of another shape: text that is cut into blocks like any other."""

import shutil
from dataclasses import dataclass
from typing import BinaryIO

from app.core import storage
from app.datasets.formats.unpack import unpacked
from app.datasets.schemas import Dialect

PIECE = 1 << 20


@dataclass(frozen=True)
class Source:
    """Which part of which file, and how it is read."""

    file_name: str
    part: str
    dialect: Dialect

    @property
    def member(self) -> str:
        """The archive's name for the file; what follows `#` is a sheet in it."""
        return self.part.partition("#")[0] if "zip" in self.dialect.packed else ""


def write_text(original_key: str, what: Source, key: str) -> int:
    """Its size. The same bytes always give the same text."""
    with (
        storage.open_file(original_key) as original,
        storage.writer(key) as sink,
        unpacked(original, what.dialect.packed, what.member) as source,
    ):
        return _write(source, what, sink)


def _write(source: BinaryIO, what: Source, sink: BinaryIO) -> int:
    shutil.copyfileobj(source, sink, PIECE)
    return sink.tell()
