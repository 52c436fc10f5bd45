"""Keys of an installation that was given none: made once, readable by its owner only, the same for all processes."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from app.core.errors import StartupProblem


class KeyFileUnusable(StartupProblem):
    """A key file cannot be read or made."""


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The key in the file; when there is none, a new one. Of several processes one wins, and all read its key."""
    try:
        if not path.exists():
            _create(path, make())
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnusable(f"DATA_DIR: the key file {path} cannot be used ({error})") from error
    if not key:
        raise KeyFileUnusable(f"the key file {path} is empty; restore it from a backup, what it protects needs it")
    return key


def new_secret() -> str:
    return secrets.token_urlsafe(48)


def new_fernet_key() -> str:
    return Fernet.generate_key().decode()


def check_fernet_keys(texts: str) -> None:
    """Raises ValueError for the first of the comma-separated keys that is none."""
    for text in filter(None, (part.strip() for part in texts.split(","))):
        try:
            Fernet(text)
        except ValueError as error:
            raise ValueError("is not a Fernet key; make one with `autoreport secrets new-key`") from error


def _create(path: Path, key: str) -> None:
    """Written whole beside its place and then linked, which fails when another process was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)
        except FileExistsError:
            return
    finally:
        partial.unlink()
