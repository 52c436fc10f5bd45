"""Passwords: hashed slowly, never cut off, compared at the same cost whether or not the person exists."""

import base64
import hashlib
from functools import lru_cache

import bcrypt

from app.core.errors import Invalid
from app.core.settings import settings

MIN_LENGTH = 8
MAX_LENGTH = 1024


class WeakPassword(Invalid):
    """This password is too easy to guess."""


def hash_password(password: str) -> str:
    return bcrypt.hashpw(_prehash(password), bcrypt.gensalt(settings().bcrypt_cost)).decode()


def matches(password: str, stored: str | None) -> bool:
    """Costs the same when there is nothing to compare with, so that time does not tell who exists.

    People who only come by another provider have no password: an empty hash, which nothing matches.
    """
    same = bcrypt.checkpw(_prehash(password), (stored or _decoy()).encode())
    return same and bool(stored)


def is_outdated(stored: str) -> bool:
    return int(stored.split("$")[2]) < settings().bcrypt_cost


def check_strength(password: str, *, email: str = "") -> None:
    """Length counts, not punctuation. Raises WeakPassword."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"The password has {len(password)} characters; it needs at least {MIN_LENGTH}.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"The password has {len(password)} characters; {MAX_LENGTH} are allowed.")
    if len(set(password.lower())) < 4 or (email and password.lower() in (email, email.partition("@")[0])):
        raise WeakPassword("The password is too easy to guess; take several unrelated words.")


def _prehash(password: str) -> bytes:
    """bcrypt reads 72 bytes only; 64 characters of base64 stand for a password of any length, without NUL bytes."""
    return base64.b64encode(hashlib.sha384(password.encode("utf-8", "surrogatepass")).digest())


@lru_cache(maxsize=1)
def _decoy() -> str:
    return hash_password("nobody has this password")
