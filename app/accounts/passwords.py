"""Passwords: hashed slowly, never cut off, compared at the same cost whether or not the person exists."""

import base64
import hashlib
import re
from functools import lru_cache
from importlib import import_module

import bcrypt

from app.core.errors import Invalid
from app.core.settings import settings

MAX_LENGTH = 1024
OWN_LETTERS = 4  # that must be left of a password without the words that anybody would try first
PRODUCT = "autoreport"


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


def check_strength(password: str, *, email: str = "", name: str = "") -> None:
    """Length counts, not punctuation; what anybody would try first is refused. Raises WeakPassword with the rule."""
    least = settings().password_min_length
    if len(password) < least:
        raise WeakPassword(f"The password has {len(password)} characters; it needs at least {least}.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"The password has {len(password)} characters; {MAX_LENGTH} are allowed.")
    if len(set(password.lower())) < 4:
        raise WeakPassword("The password repeats fewer than four different characters; take several unrelated words.")
    if password.lower() in _commonest():
        raise WeakPassword("This is one of the passwords that are tried first; take several unrelated words.")
    if _is_about(password.lower(), f"{email} {name} {PRODUCT}".lower()):
        about = "your name, your e-mail address or the name of this product"
        raise WeakPassword(f"The password is little more than {about}; take several unrelated words.")


def _is_about(password: str, known: str) -> bool:
    """Whether fewer than four letters are left without these words, as in `autoreport2026!`."""
    left = password
    for word in sorted(re.split(r"[\W_]+", known), key=len, reverse=True):
        left = left.replace(word, "") if len(word) >= 3 else left
    return left != password and len(re.sub(r"[\W\d_]", "", left)) < OWN_LETTERS


@lru_cache(maxsize=1)
def _commonest() -> frozenset[str]:
    """Some 11,000 of eight characters and more, from leaks. Loaded when the first password is set: it takes 14 MB."""
    lists: dict[str, list[str]] = import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    return frozenset(word for word in lists["passwords"] if len(word) >= 8)


def _prehash(password: str) -> bytes:
    """bcrypt reads 72 bytes only; 64 characters of base64 stand for a password of any length, without NUL bytes."""
    return base64.b64encode(hashlib.sha384(password.encode("utf-8", "surrogatepass")).digest())


@lru_cache(maxsize=1)
def _decoy() -> str:
    """A salt and a digest of nothing: made without work, so that the first unknown address takes no longer either."""
    return bcrypt.gensalt(settings().bcrypt_cost).decode() + "A" * 31
