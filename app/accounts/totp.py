"""Codes of an authenticator app: RFC 6238 with six digits and steps of 30 seconds."""

import base64
from datetime import datetime
from hmac import compare_digest, digest

import pyotp

ISSUER = "AutoReport"
WINDOW = 1  # steps early or late: clocks of phones are not exact


def new_secret() -> str:
    """160 random bits."""
    return pyotp.random_base32()


def secret_from(token: str) -> str:
    """160 bits that only who holds this token can know; the token must have more."""
    return base64.b32encode(digest(token.encode("utf-8", "surrogatepass"), b"two-factor", "sha256")[:20]).decode()


def address_of(secret: str, email: str) -> str:
    """What the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step that this code belongs to, if it is near enough to `at`."""
    clock = pyotp.TOTP(secret)
    now = clock.timecode(at)
    given = code.encode("utf-8", "surrogatepass")
    steps = range(now - WINDOW, now + WINDOW + 1)
    fitting = [step for step in steps if compare_digest(clock.generate_otp(step).encode(), given)]
    return max(fitting, default=None)
