"""Secrets at rest: Fernet with named keys, newest first, so that keys can be rotated while old texts stay readable."""

from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.errors import Unavailable
from app.core.settings import settings


class SecretUnreadable(Unavailable):
    """A stored password cannot be read with the present key. Enter it again."""


def encrypt(plain: str) -> str:
    """The text is prefixed by the id of the key that wrote it: rotation can tell what is left to do."""
    return f"{key_id(_keys()[0])}:{_fernet().encrypt(plain.encode()).decode()}"


def decrypt(stored: str) -> str:
    try:
        return _fernet().decrypt(stored.partition(":")[2].encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def is_current(stored: str) -> bool:
    return stored.partition(":")[0] == current_key_id()


def is_readable(stored: str) -> bool:
    """Whether one of the present keys opens it."""
    try:
        decrypt(stored)
    except SecretUnreadable:
        return False
    return True


def current_key_id() -> str:
    return key_id(_keys()[0])


def key_id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:8]


def _keys() -> list[str]:
    return [part.strip() for part in settings().smtp_env_key.get_secret_value().split(",") if part.strip()]


@lru_cache(maxsize=1)
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])
