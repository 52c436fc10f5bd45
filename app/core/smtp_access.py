"""How to reach a mail server, and whose certificate to trust."""

import ssl
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Timeouts:
    """Seconds. RFC 5321 asks for minutes: a server may scan the message before it answers the dot."""

    connect: float = 30
    command: float = 300
    after_dot: float = 600


@dataclass(frozen=True)
class SmtpAccess:
    host: str
    port: int
    security: str  # "starttls" or "tls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_pem: str = ""


def tls_context(access: SmtpAccess) -> ssl.SSLContext:
    """The system's authorities, and the account's own one where given. Checks certificate and host name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca_pem:
        context.load_verify_locations(cadata=access.ca_pem)
    return context


def check_ca(pem: str) -> None:
    """Raises ValueError when this is no certificate."""
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, TypeError, ValueError) as error:  # letters beyond ASCII are a TypeError
        raise ValueError("This is not a certificate in PEM form.") from error
