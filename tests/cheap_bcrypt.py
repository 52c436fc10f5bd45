"""bcrypt with the least work it can do: 4 rounds, told as what was asked for.

Thousands of tests make people, and each real hash takes as long as ten such tests. What a process of its own does (a
Product, a command) is hashed for real, and what is stored there can only be read there.
"""

import re

import bcrypt

hash_for_real, check_for_real = bcrypt.hashpw, bcrypt.checkpw
WORK = re.compile(rb"^(\$2b\$)\d\d(?=\$)")


def install() -> None:
    bcrypt.hashpw, bcrypt.checkpw = _hash, _check


def remove() -> None:
    bcrypt.hashpw, bcrypt.checkpw = hash_for_real, check_for_real


def _hash(password: bytes, salt: bytes) -> bytes:
    return salt[:7] + hash_for_real(password, _cheap(salt))[7:]


def _check(password: bytes, hashed_password: bytes) -> bool:
    return check_for_real(password, _cheap(hashed_password))


def _cheap(stored: bytes) -> bytes:
    return WORK.sub(rb"\g<1>04", stored)
