"""What an operator types once, so that a stranger who finds a new installation first cannot make it theirs."""

import base64
import hmac
from hashlib import sha256

from app.core.errors import Forbidden
from app.core.settings import settings


class SetupCodeWrong(Forbidden):
    """This set-up code is not right. It stands in the log of the product, in the line “nobody has an account yet”."""


def setup_code() -> str:
    """60 bits of the installation's own key: every process knows it, and nothing has to be stored."""
    digest = hmac.digest(settings().secret_key.get_secret_value().encode(), b"set-up code", sha256)
    text = base64.b32encode(digest).decode()
    return "-".join((text[:4], text[4:8], text[8:12]))


def check_setup_code(given: str) -> None:
    """Small letters, spaces and missing dashes are fine. Raises SetupCodeWrong."""
    plain = "".join(char for char in given.upper() if char.isalnum())
    if not hmac.compare_digest(plain.encode(), setup_code().replace("-", "").encode()):
        raise SetupCodeWrong
