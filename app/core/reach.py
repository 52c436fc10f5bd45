"""How a checked address is connected to: the ground under every call that leaves this network."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2
import structlog

from app.core.addresses import IP, literal, why_refused
from app.core.errors import Invalid
from app.core.settings import settings

CONNECT_SECONDS = 5.0
CHUNK = 16 * 1024

Resolve = Callable[[str, int], list[str]]
log = structlog.get_logger()


class OutgoingRefused(Invalid):
    """AutoReport does not call this address."""


def resolve(host: str, port: int) -> list[str]:
    """Every address that the name has. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Deadline:
    """`end` is of the monotonic clock; within it, nothing may stay silent for longer than `idle` seconds."""

    end: float
    idle: float

    def left(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the whole time is over")
        return min(left, self.idle)


class Guard(httpcore2.NetworkBackend):
    def __init__(self, deadline: Deadline, vouched: Collection[str], resolver: Resolve) -> None:
        self.deadline, self.vouched, self.resolver = deadline, vouched, resolver

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
            host, port, seconds=self.deadline.left(), allow=self.vouched, resolver=self.resolver
        ):
            seconds = min(self.deadline.left(), CONNECT_SECONDS)
            try:
                return Timed(httpcore2.SyncBackend().connect_tcp(str(address), port, seconds), self.deadline)
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
    found = [str(written)] if written else _answered_within(seconds, lambda: resolver(host, port))
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


class Timed(httpcore2.NetworkStream):
    """Every read and write gets what is left of the whole time: a drop a second keeps nobody busy for ever."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), CHUNK):
            self.stream.write(buffer[start : start + CHUNK], self.deadline.left())

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return Timed(self.stream.start_tls(ssl_context, server_hostname, self.deadline.left()), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _answered_within(seconds: float, work: Callable[[], list[str]]) -> list[str]:
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


def _entries(texts: str) -> list[str]:
    return [part.strip() for part in texts.split(",") if part.strip()]
