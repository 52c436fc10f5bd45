"""The only way out by HTTP: nobody can make the product call what stands in its own network.

A host is resolved once, every address of it is checked, and the connection goes to a checked address, so that a second
answer of the name server changes nothing. TLS still checks the certificate against the name. Proxies, .netrc and
cookies are not looked at. Time and size have an end.
"""

import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any
from urllib.parse import urljoin

import httpcore2
import structlog

from app.core.addresses import IP, Target, UrlRefused, literal, parse_url, why_refused
from app.core.errors import AppError, Invalid, Unavailable
from app.core.settings import settings

CONNECT_SECONDS = 5.0
CHUNK = 16 * 1024
FOLLOWED = {301, 302, 303, 307, 308}
KEEPS_BODY = {307, 308}
OURS = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
FOR_ANYBODY = {"accept", "accept-language", "content-type", "user-agent"}

Resolve = Callable[[str, int], list[str]]
log = structlog.get_logger()


class OutgoingRefused(Invalid):
    """AutoReport does not call this address."""


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
class _Call:
    method: str
    url: str
    target: Target
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def resolve(host: str, port: int) -> list[str]:
    """Every address that the name has. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


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
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if wrong := OURS & set(given):
        raise OutgoingRefused(f"The header {min(wrong)} is set by AutoReport itself; leave it out.")
    call, end = _Call(method.upper(), url, _target(url), given, body), time.monotonic() + timeout
    for _ in range(redirects + 1):
        guard = _Guard(end, allow, resolver)
        answer = _send(call, guard, tls or _trusted(), max_bytes)
        if not redirects or answer.status not in FOLLOWED or "location" not in answer.headers:
            return answer
        call = _followed(call, answer)
    raise OutgoingFailed(f"{call.target.host} leads from one address to the next, more than {redirects} times.")


class _Guard(httpcore2.NetworkBackend):
    def __init__(self, end: float, vouched: Collection[str], resolver: Resolve) -> None:
        self.end, self.vouched, self.resolver = end, vouched, resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in checked_addresses(
            host, port, seconds=_left(self.end), allow=self.vouched, resolver=self.resolver
        ):
            seconds = min(_left(self.end), CONNECT_SECONDS)
            try:
                return _Timed(httpcore2.SyncBackend().connect_tcp(str(address), port, seconds), self.end)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


def checked_addresses(
    host: str, port: int, *, seconds: float = CONNECT_SECONDS, allow: Collection[str] = (), resolver: Resolve = resolve
) -> list[IP]:
    """All addresses of a host, for what is not HTTP: connect to one of these and never to the name.

    All of them or none: one bad address among several is no accident. Raises OutgoingRefused, OSError.
    """
    only = _entries(settings().outgoing_only)
    written = literal(host)
    found = [str(written)] if written else _within(seconds, lambda: resolver(host, port))
    addresses = [address for text in found if (address := literal(text))]
    for address in addresses:
        allowed = [*_entries(settings().outgoing_allow), *allow]
        if reason := why_refused(address, host, allowed=allowed, only=[*only, *allow] if only else []):
            log.warning("outgoing_refused", host=host, port=port, address=str(address), reason=reason)
            raise OutgoingRefused(
                f"AutoReport does not call {host}: it is in a private network, or not on the list of hosts that may"
                " be called. An operator can permit it with OUTGOING_ALLOW or OUTGOING_ONLY."
            )
    return addresses


class _Timed(httpcore2.NetworkStream):
    """Every read and write gets what is left of the whole time: a drop a second keeps nobody busy for ever."""

    def __init__(self, stream: httpcore2.NetworkStream, end: float) -> None:
        self.stream, self.end = stream, end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), CHUNK):
            self.stream.write(buffer[start : start + CHUNK], _left(self.end))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, _left(self.end)), self.end)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _send(call: _Call, guard: _Guard, tls: ssl.SSLContext, max_bytes: int) -> Fetched:
    target, own = call.target, {"accept": "*/*", "user-agent": f"AutoReport/{version('autoreport')}"}
    headers = own | dict(call.headers) | {"host": target.authority, "accept-encoding": "gzip", "connection": "close"}
    url = httpcore2.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    with (
        _explained(target.host),
        httpcore2.ConnectionPool(ssl_context=tls, network_backend=guard, max_connections=1) as pool,
        pool.stream(call.method, url, headers=_plain(headers), content=call.body or None) as answer,
    ):
        names: dict[str, str] = {}
        for raw_name, raw_value in answer.headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            names[name] = f"{names[name]}, {value}" if name in names else value
        return Fetched(answer.status, names, _read(answer, names, target.host, max_bytes))


def _plain(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _read(answer: httpcore2.Response, headers: Mapping[str, str], host: str, max_bytes: int) -> bytes:
    """Stops at the first byte too many, packed or unpacked: 1 MiB of gzip can stand for 1 GiB."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise OutgoingFailed(f"{host} sent its answer packed in a way that it was not asked for.")
    unpacker = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    raw_size, body = 0, bytearray()
    for raw in answer.iter_stream():
        raw_size += len(raw)
        body += unpacker.decompress(raw, max_bytes + 1 - len(body)) if unpacker and raw_size <= max_bytes else raw
        if max(raw_size, len(body)) > max_bytes:
            raise AnswerTooLarge(f"The answer of {host} is larger than {max_bytes} bytes.")
    if unpacker and raw_size and (not unpacker.eof or unpacker.unused_data):
        raise OutgoingFailed(f"The answer of {host} is damaged.")
    return bytes(body)


def _followed(call: _Call, answer: Fetched) -> _Call:
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


def _within(seconds: float, work: Callable[[], list[str]]) -> list[str]:
    """The system's resolver takes no time-out; a thread that nobody waits for any more ends by itself."""
    box: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            box.put(work())
        except Exception as error:  # raised again where it is waited for
            box.put(error)

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        outcome = box.get(timeout=seconds)
    except queue.Empty:
        raise httpcore2.ConnectTimeout("the name server did not answer") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the whole time is over")
    return left


def _entries(texts: str) -> list[str]:
    return [part.strip() for part in texts.split(",") if part.strip()]


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The authorities that the host trusts; SSL_CERT_FILE names others."""
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
