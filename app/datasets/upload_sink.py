"""Bytes on their way into the storage, measured while they come in."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import PureWindowsPath
from typing import BinaryIO
from uuid import uuid4

from app.core import storage
from app.core.actor import Actor, Role, require_role
from app.core.errors import TooLarge
from app.core.settings import settings
from app.datasets.schemas import Upload

MAX_NAME = 200


class FileTooLarge(TooLarge):
    """This file is larger than the limit."""


class UploadSink:
    """Bytes go in piece by piece; nothing is left behind unless `finish` was reached."""

    def __init__(self, file_name: str) -> None:
        self.file_name = safe_name(file_name)
        self.key = f"uploads/{uuid4().hex}"
        self._writer = storage.writer(self.key)
        self._target: BinaryIO = self._writer.__enter__()
        self._hash, self._size = sha256(), 0

    def write(self, part: bytes) -> None:
        """Raises FileTooLarge at the first byte too many."""
        self._size += len(part)
        if self._size > settings().max_upload_mb << 20:
            self.abort()
            raise FileTooLarge(f"{self.file_name} is larger than the limit of {settings().max_upload_mb} MB.")
        self._hash.update(part)
        self._target.write(part)

    def finish(self) -> Upload:
        self._writer.__exit__(None, None, None)
        return Upload(file_name=self.file_name, key=self.key, size=self._size, sha256=self._hash.hexdigest())

    def abort(self) -> None:
        self._writer.__exit__(None, None, None)
        storage.delete(self.key)


def safe_name(file_name: str) -> str:
    """Only the last part: some browsers send whole paths."""
    name = "".join(sign for sign in PureWindowsPath(file_name).name if sign.isprintable())
    return name[-MAX_NAME:] or "upload"


def store_upload(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """For bytes that are at hand already, in the browser door. Raises FileTooLarge."""
    require_role(actor, Role.member)
    sink = UploadSink(file_name)
    for part in parts:
        sink.write(part)
    return sink.finish()


def discard_upload(upload: Upload) -> None:
    storage.delete(upload.key)
