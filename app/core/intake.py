"""Bytes on their way into the storage: counted, hashed, and gone again unless they came to their end."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PureWindowsPath
from typing import BinaryIO
from uuid import uuid4

from app.core import storage
from app.core.errors import TooLarge

MAX_NAME = 200


class FileTooLarge(TooLarge):
    """This file is larger than the limit."""


@dataclass(frozen=True)
class Upload:
    """Bytes that lie in the storage, with what was measured while they came in."""

    file_name: str
    key: str
    size: int
    sha256: str


class Intake:
    """Bytes go in piece by piece; nothing is left behind unless `finish` was reached."""

    def __init__(self, folder: str, file_name: str, *, max_mb: int) -> None:
        self.file_name = safe_name(file_name)
        self.key = f"{folder}/{uuid4().hex}"
        self._max_mb = max_mb
        self._writer = storage.writer(self.key)
        self._target: BinaryIO = self._writer.__enter__()
        self._hash, self._size = sha256(), 0

    def write(self, part: bytes) -> None:
        """Raises FileTooLarge at the first byte too many."""
        self._size += len(part)
        if self._size > self._max_mb << 20:
            self.abort()
            raise FileTooLarge(f"{self.file_name} is larger than the limit of {self._max_mb} MB.")
        self._hash.update(part)
        self._target.write(part)

    def take(self, parts: Iterable[bytes]) -> Upload:
        """All at once, for bytes that are at hand. Raises FileTooLarge."""
        try:
            for part in parts:
                self.write(part)
        except BaseException:
            self.abort()
            raise
        return self.finish()

    def finish(self) -> Upload:
        self._writer.__exit__(None, None, None)
        return Upload(self.file_name, self.key, self._size, self._hash.hexdigest())

    def abort(self) -> None:
        self._writer.__exit__(None, None, None)
        storage.delete(self.key)


def discard(upload: Upload) -> None:
    storage.delete(upload.key)


def safe_name(file_name: str) -> str:
    """Only the last part: some browsers send whole paths."""
    name = "".join(sign for sign in PureWindowsPath(file_name).name if sign.isprintable())
    return name[-MAX_NAME:] or "upload"
