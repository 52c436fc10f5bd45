"""What the connectors that speak HTTP have in common: whom to trust, and what an answer means."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import Conflict
from app.core.outgoing import OutgoingFailed, Streamed, open_answer
from app.core.settings import settings as configured

WHOLE_SECONDS, IDLE_SECONDS = 1800.0, 60.0
QUICK_SECONDS = 15.0
REDIRECTS = 5


class AnswerRefused(Conflict):
    """The other side does not give this out."""


def trusted(ca_pem: str) -> ssl.SSLContext | None:
    """The system's authorities and this one; None when there is no other."""
    if not ca_pem:
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    return context


@contextmanager
def opened(
    url: str, headers: dict[str, str], *, ca_pem: str = "", quick: bool = False, redirects: int = 0
) -> Iterator[Streamed]:
    """One more byte than may be uploaded is let through, so that whoever stores it names the limit."""
    with open_answer(
        "GET",
        url,
        headers=headers,
        timeout=QUICK_SECONDS if quick else WHOLE_SECONDS,
        idle=QUICK_SECONDS if quick else IDLE_SECONDS,
        max_bytes=(configured().max_upload_mb << 20) + 1,
        redirects=redirects,
        tls=trusted(ca_pem),
    ) as answer:
        yield answer


def check_status(answer: Streamed, host: str) -> None:
    """Raises AnswerRefused for what a person has to change, OutgoingFailed for what may pass."""
    status = answer.status
    if status in (200, 304):
        return
    if status in (401, 403):
        raise AnswerRefused(f"{host} answered {status}: it wants other credentials than these.")
    if status == 404:
        raise AnswerRefused(f"{host} answered 404: there is nothing at this address.")
    if status == 429 or status >= 500:
        raise OutgoingFailed(f"{host} answered {status}. Try again later.")
    raise AnswerRefused(f"{host} answered {status}, which is no file.")
