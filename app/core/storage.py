"""Large files (uploads, Parquet, rendered reports, sent messages) by key: a local folder or an S3-compatible bucket.

Keys are made by the product, never by a user: `feature/id/name`.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import SplitResult, unquote, urlsplit

from app.core.errors import NotFound
from app.core.settings import settings

if TYPE_CHECKING:
    from pyarrow import fs


KEY = re.compile(r"[A-Za-z0-9_][\w.=-]{0,199}(/[A-Za-z0-9_][\w.=-]{0,199}){0,9}", re.ASCII)
PARTIAL = ".partial"


class FileGone(NotFound):
    """This file is no longer in the storage."""


@lru_cache(maxsize=1)
def filesystem() -> "fs.FileSystem":
    """Arrow's file system rooted at STORAGE_URL; datasets are read through it too, so both back ends are one."""
    from pyarrow import fs  # noqa: PLC0415  100 ms that a command like `--help` need not pay

    parts = _address()
    if root := local_folder():
        root.mkdir(parents=True, exist_ok=True)
        return fs.SubTreeFileSystem(str(root), fs.LocalFileSystem())
    options: dict[str, Any] = {}
    if settings().s3_endpoint_url:
        endpoint = urlsplit(settings().s3_endpoint_url)
        options = {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
    return fs.SubTreeFileSystem((parts.netloc + parts.path).rstrip("/"), fs.S3FileSystem(**options))


def local_folder() -> Path | None:
    """Where keys are paths, for libraries that read files by themselves; None for a bucket."""
    parts = _address()
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _address() -> SplitResult:
    return urlsplit(settings().storage_url or (settings().data_dir.resolve() / "storage").as_uri())


def _checked(key: str) -> str:
    """A key that could lead out of the storage is a defect of ours, and must not be more than that."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a key of the storage: {key[:80]!r}")
    return key


def write(key: str, content: bytes, *, shared: bool = False) -> None:
    with writer(key, shared=shared) as sink:
        sink.write(content)


@contextmanager
def writer(key: str, *, shared: bool = False) -> Iterator[BinaryIO]:
    """A reader never sees half a file: written beside its place, then moved (an S3 upload appears whole by itself).

    `shared`: others may write here at the same moment. Each has a name of its own then, and the last one to end is
    what is read. Else what a killed writer left is written over by the next one.
    """
    store = filesystem()
    partial = f"{_checked(key)}{f'.{secrets.token_hex(4)}' if shared else ''}{PARTIAL}"
    store.create_dir(key.rpartition("/")[0] or ".", recursive=True)
    try:
        with store.open_output_stream(partial) as sink:
            yield cast(BinaryIO, sink)
        store.move(partial, key)
    except BaseException:
        delete(partial)
        raise


def is_partial(key: str) -> bool:
    """Not a file yet, or never to become one: its writer may have been killed."""
    return key.endswith(PARTIAL)


def read(key: str) -> bytes:
    with open_file(key) as source:
        return source.read()


@contextmanager
def open_file(key: str) -> Iterator[BinaryIO]:
    """Seekable. Raises FileGone."""
    try:
        source = filesystem().open_input_file(_checked(key))
    except FileNotFoundError as error:
        raise FileGone from error
    with source:
        yield cast(BinaryIO, source)


def delete(key: str) -> None:
    """Deleting what is gone already is fine: clean-up must be repeatable."""
    try:
        filesystem().delete_file(_checked(key))
    except FileNotFoundError:
        return


def listed(folder: str) -> Iterator[tuple[str, datetime]]:
    """Key and time of change of all that lies below a part of the keys, such as `uploads`."""
    from pyarrow import fs  # noqa: PLC0415  as above

    for one in filesystem().get_file_info(fs.FileSelector(_checked(folder), allow_not_found=True, recursive=True)):
        if one.is_file and one.mtime:
            yield one.path, one.mtime


def check() -> None:
    """Raises OSError when the storage cannot be written to."""
    write("health/probe", b"ok", shared=True)
    delete("health/probe")
