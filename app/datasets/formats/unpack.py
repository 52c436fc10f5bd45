"""gzip and zip, read as a stream and never beyond what is allowed. A name inside of an archive is only a name."""

import gzip
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from typing import IO, BinaryIO, cast

from app.core.errors import Invalid, TooLarge
from app.core.settings import settings

MAX_MEMBERS = 1_000
MAX_NAME_BYTES = 1_000  # PostgreSQL keeps it in an index
MAX_RATIO = 200
RATIO_FROM_BYTES = 16 << 20  # small files may be as repetitive as they like


class NotUnpackable(Invalid):
    """This archive cannot be read."""


class UnpacksTooLarge(TooLarge):
    """This archive unpacks to more than is allowed."""


class Measured(RawIOBase):
    """Counts what comes out and what went in. Raises UnpacksTooLarge at the first byte too many."""

    def __init__(self, stream: BinaryIO, packed_bytes: BinaryIO, packed_size: int | None = None) -> None:
        self.stream, self.packed_bytes, self.packed_size, self.size = stream, packed_bytes, packed_size, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            part = self.stream.read(size)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise NotUnpackable(f"This archive is damaged or incomplete: {_short(error)}.") from error
        self.size += len(part)
        check_sizes(self.size, self.packed_bytes.tell() if self.packed_size is None else self.packed_size)
        return part


def check_sizes(unpacked: int, packed: int) -> None:
    limit = settings().max_unpacked_mb
    if unpacked > limit << 20:
        raise UnpacksTooLarge(f"This archive unpacks to more than the {limit:,} MB allowed (MAX_UNPACKED_MB).")
    if unpacked > RATIO_FROM_BYTES and unpacked > packed * MAX_RATIO:
        raise UnpacksTooLarge(
            f"This archive unpacks to more than {MAX_RATIO} times its size, which tables do not. Send it unpacked."
        )


@contextmanager
def unpacked(source: BinaryIO, packed: list[str], member: str = "") -> Iterator[BinaryIO]:
    """What is inside, from its first byte, forwards only; the file itself when it is not packed."""
    source.seek(0)
    if not packed:
        yield source
    elif packed[0] == "gzip":
        with gzip.GzipFile(fileobj=source, mode="rb") as stream:
            yield cast(BinaryIO, Measured(cast(BinaryIO, stream), source))
    else:
        with open_zip(source) as archive:
            found = _member(archive, member)
            with _opened(archive, found) as stream:
                yield cast(BinaryIO, Measured(cast(BinaryIO, stream), source, max(found.compress_size, 1)))


@contextmanager
def open_zip(source: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Raises NotUnpackable, UnpacksTooLarge: by what the directory of the archive says, before anything is unpacked."""
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise NotUnpackable(f"This archive is damaged or incomplete: {_short(error)}.") from error
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise NotUnpackable(f"This archive has {len(infos):,} files; {MAX_MEMBERS:,} are allowed.")
        _check_names([info.filename for info in infos])
        if any(info.flag_bits & 1 for info in infos):
            raise NotUnpackable("This archive is encrypted. Unpack it and send the files.")
        check_sizes(sum(info.file_size for info in infos), sum(info.compress_size for info in infos))
        for info in infos:
            check_sizes(info.file_size, max(info.compress_size, 1))
        yield archive


def _check_names(names: list[str]) -> None:
    long = next((name for name in names if len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES), None)
    if long is not None:
        raise NotUnpackable(f"The name {long[:40]!r}… in this archive is longer than {MAX_NAME_BYTES:,} bytes.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise NotUnpackable(f"This archive has two files called {twice!r}. Rename one of them.")


def members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files that a person put in, not folders and what systems add."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not info.filename.startswith("__MACOSX/")
        and not info.filename.rpartition("/")[2].startswith(".")
    ]


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError as error:
        raise NotUnpackable(f"This archive has no file {name!r}.") from error


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(info)
    except NotImplementedError as error:
        raise NotUnpackable(f"{info.filename} is packed in a way that is not known here. Send it unpacked.") from error
    except (zipfile.BadZipFile, RuntimeError, OSError) as error:
        raise NotUnpackable(f"This archive is damaged or incomplete: {_short(error)}.") from error


def _short(error: Exception) -> str:
    return str(error).rstrip(".")[:100] or type(error).__name__
