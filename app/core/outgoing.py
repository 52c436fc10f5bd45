"""The only way out by HTTP: nobody can make the product call what stands in its own network.

A host is resolved once, every address of it is checked, and the connection goes to a checked address, so that a second
answer of the name server changes nothing. TLS still checks the certificate against the name. Proxies, .netrc and
cookies are not looked at. Time and size have an end.
"""

import socket
import ssl
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import urljoin

import httpcore2
import structlog

from app.core.addresses import Target, UrlRefused, parse_url
from app.core.errors import AppError, Invalid, Unavailable
from app.core.reach import CONNECT_SECONDS, Deadline, Guard, OutgoingRefused, Resolve, checked_addresses, resolve

__all__ = ["CONNECT_SECONDS", "OutgoingRefused", "checked_addresses", "fetch", "open_answer", "resolve"]

PART = 1024 * 1024
FOLLOWED = {301, 302, 303, 307, 308}
KEEPS_BODY = {307, 308}
OURS = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
FOR_ANYBODY = {"accept", "accept-language", "content-type", "user-agent"}

log = structlog.get_logger()


class OutgoingFailed(Unavailable):
    """The other side did not answer as it should. Try again later."""


class AnswerTooLarge(Invalid):
    """The answer is larger than what is read of it."""


@dataclass(frozen=True)
class Fetched:
    status: int
    headers: Mapping[str, str]  # names in lower case; values of the same name joined by a comma
    body: bytes


@dataclass(frozen=True)
class Streamed:
    """An answer whose body is still on its way: `parts` can be read once, while it is open."""

    status: int
    headers: Mapping[str, str]
    url: str  # after all redirects
    parts: Iterator[bytes]


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    target: Target
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10,
    max_bytes: int = 1024 * 1024,
    redirects: int = 0,
    allow: Collection[str] = (),
    resolver: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """`timeout` is for all of it, `max_bytes` for the unpacked body. Any status is an answer, not an error.

    `allow` names hosts and networks that an operator has configured elsewhere: they may be called, private or not.
    Raises OutgoingRefused, OutgoingFailed, AnswerTooLarge.
    """
    with open_answer(
        method,
        url,
        headers=headers,
        body=body,
        timeout=timeout,
        max_bytes=max_bytes,
        redirects=redirects,
        allow=allow,
        resolver=resolver,
        tls=tls,
    ) as answer:
        return Fetched(answer.status, answer.headers, b"".join(answer.parts))


@contextmanager
def open_answer(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10,
    idle: float = 60,
    max_bytes: int = 1024 * 1024,
    redirects: int = 0,
    allow: Collection[str] = (),
    resolver: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Streamed]:
    """As `fetch`, for bodies that are too large to be held at once; `idle` is the longest silence within `timeout`."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if wrong := OURS & set(given):
        raise OutgoingRefused(f"The header {min(wrong)} is set by AutoReport itself; leave it out.")
    call, deadline = _Call(method.upper(), url, _target(url), given, body), Deadline(time.monotonic() + timeout, idle)
    for _ in range(redirects + 1):
        with _opened(call, Guard(deadline, allow, resolver), tls or _trusted(), max_bytes) as answer:
            if not redirects or answer.status not in FOLLOWED or "location" not in answer.headers:
                yield answer
                return
        call = _followed(call, answer)
    raise OutgoingFailed(f"{call.target.host} leads from one address to the next, more than {redirects} times.")


@contextmanager
def _opened(call: _Call, guard: Guard, tls: ssl.SSLContext, max_bytes: int) -> Iterator[Streamed]:
    target, own = call.target, {"accept": "*/*", "user-agent": f"AutoReport/{version('autoreport')}"}
    headers = own | dict(call.headers) | {"host": target.authority, "accept-encoding": "gzip", "connection": "close"}
    url = httpcore2.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    with ExitStack() as stack:
        with _explained(target.host):
            pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=guard, max_connections=1)
            stack.enter_context(pool)
            sent = pool.stream(call.method, url, headers=_plain(headers), content=call.body or None)
            answer = stack.enter_context(sent)
        names: dict[str, str] = {}
        for raw_name, raw_value in answer.headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            names[name] = f"{names[name]}, {value}" if name in names else value
        yield Streamed(answer.status, names, call.url, _parts(answer, names, target.host, max_bytes))


def _plain(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _parts(answer: httpcore2.Response, headers: Mapping[str, str], host: str, max_bytes: int) -> Iterator[bytes]:
    """Stops at the first byte too many, packed or unpacked: 1 MiB of gzip can stand for 1 GiB."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise OutgoingFailed(f"{host} sent its answer packed in a way that it was not asked for.")
    unpacker = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    raw_size = size = 0
    with _explained(host):
        for raw in answer.iter_stream():
            raw_size += len(raw)
            for part in _unpacked(unpacker, raw) if unpacker else [raw]:
                size += len(part)
                if max(raw_size, size) > max_bytes:
                    raise AnswerTooLarge(f"The answer of {host} is larger than {max_bytes} bytes.")
                yield part
        if unpacker and raw_size and (not unpacker.eof or unpacker.unused_data):
            raise OutgoingFailed(f"The answer of {host} is damaged.")


def _unpacked(unpacker: "zlib._Decompress", raw: bytes) -> Iterator[bytes]:
    while part := unpacker.decompress(raw, PART):
        yield part
        raw = unpacker.unconsumed_tail


def _followed(call: _Call, answer: Streamed) -> _Call:
    url = urljoin(call.url, answer.headers["location"])
    target, method, body = _target(url), call.method, call.body
    if (call.target.scheme, target.scheme) == ("https", "http"):
        raise OutgoingRefused(f"{call.target.host} leads from https:// to http://, which is not followed.")
    if answer.status not in KEEPS_BODY and method != "HEAD":
        method, body = "GET", b""
    headers = call.headers
    if target.origin != call.target.origin:
        if body:
            raise OutgoingRefused(f"{call.target.host} passes on what was sent to another host; that is not followed.")
        headers = {name: value for name, value in headers.items() if name in FOR_ANYBODY}
    return replace(call, method=method, url=url, target=target, headers=headers, body=body)


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """What a person can act on; addresses and the words of libraries go to the log."""
    try:
        yield
    except AppError:
        raise
    except (httpcore2.LocalProtocolError, UnicodeEncodeError) as error:
        raise OutgoingRefused("A header of this request holds characters that no header may hold.") from error
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, zlib.error, OSError) as error:
        log.warning("outgoing_failed", host=host, error=f"{type(error).__name__}: {error}")
        raise OutgoingFailed(_words(host, error)) from error


def _words(host: str, error: Exception) -> str:
    cause = error.args[0] if error.args else None  # the library hands the error of the system on in this way
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate of {host} was refused: {cause.verify_message}."
    if isinstance(error, httpcore2.TimeoutException):
        return f"{host} did not answer in time."
    if isinstance(error, socket.gaierror):
        return f"The name {host} is not known."
    return f"{host} cannot be reached, or does not answer as a web server should."


def _target(url: str) -> Target:
    try:
        return parse_url(url)
    except UrlRefused as error:
        log.warning("outgoing_refused", reason=str(error))
        raise OutgoingRefused(str(error)) from error


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The authorities that the host trusts; SSL_CERT_FILE names others."""
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
