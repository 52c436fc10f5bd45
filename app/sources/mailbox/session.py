"""IMAP over TLS to a checked address. The folder is only examined: no flag is set, nothing is deleted."""

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from tempfile import SpooledTemporaryFile
from typing import IO, Literal

import structlog

from app.core.errors import AppError, Invalid, Unavailable
from app.sources.connectors.reach import addresses_of

SECONDS, PIECE, IN_MEMORY = 60.0, 1 << 20, 8 << 20
HEADERS_AT_ONCE = 100
HEAD = "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT MESSAGE-ID)]"
NUMBERS = re.compile(rb"UID (\d+).*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+).*?UID (\d+)", re.DOTALL)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
log = structlog.stdlib.get_logger(__name__)


class MailboxAway(Unavailable):
    """The mail server cannot be reached, or the connection was lost."""


class MailboxClosed(Invalid):
    """The mail server does not let us read this."""


@dataclass(frozen=True)
class Mailbox:
    host: str
    port: int
    security: Literal["tls", "starttls"]
    username: str
    password: str = field(repr=False)
    folder: str
    ca_pem: str = ""


@dataclass(frozen=True)
class Head:
    """What filters look at, read without the body."""

    uid: int
    size: int
    sender: str
    subject: str
    message_id: str


class _Client(imaplib.IMAP4):
    """Goes to the checked address; the certificate is checked against the name."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        self.tls = ssl.create_default_context(cadata=box.ca_pem or None)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        super().__init__(box.host, box.port, SECONDS)
        if box.security == "starttls":
            self.starttls(self.tls)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in addresses_of(self.box.host, self.box.port):
            try:
                plain = socket.create_connection((str(address), self.box.port), timeout)
            except OSError as error:
                failure = error
                continue
            return self.tls.wrap_socket(plain, server_hostname=self.box.host) if self.box.security == "tls" else plain
        raise failure

    def read(self, size: int) -> bytes:
        """A server may announce what it likes."""
        if size > 2 * PIECE:
            raise self.abort("the answer is larger than what was asked for")
        return super().read(size)


@contextmanager
def examined(box: Mailbox) -> Iterator["Folder"]:
    """Raises OutgoingRefused, OutgoingFailed, MailboxAway, MailboxClosed."""
    with _explained(box):
        client = _Client(box)
        try:
            _sign_in(client, box)
            yield _examine(client, box)
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()
            with suppress(OSError):
                client.shutdown()


class Folder:
    def __init__(self, client: imaplib.IMAP4, uid_validity: int, messages: int) -> None:
        self._client = client
        self.uid_validity, self.messages = uid_validity, messages

    def uids_above(self, last: int, since: date | None) -> list[int]:
        """Rising. `n:*` always names the last message, too, so what is not above is left out."""
        asked = [f"UID {last + 1}:*"]
        if since is not None:
            asked.append(f"SINCE {since.day}-{MONTHS[since.month - 1]}-{since.year}")
        _, found = self._client.uid("SEARCH", *" ".join(asked).split())
        numbers = b" ".join(one for one in found if one).split()
        return sorted({int(one) for one in numbers if one.isdigit() and int(one) > last})

    def heads(self, uids: list[int]) -> Iterator[Head]:
        for start in range(0, len(uids), HEADERS_AT_ONCE):
            some = uids[start : start + HEADERS_AT_ONCE]
            _, found = self._client.uid("FETCH", ",".join(map(str, some)), f"(UID RFC822.SIZE {HEAD})")
            read = {one.uid: one for one in map(_head, found) if one is not None}
            yield from (read[uid] for uid in some if uid in read)

    def message(self, uid: int) -> "Message[str, str]":
        """Piece by piece onto disk: a server cannot fill the memory."""
        with SpooledTemporaryFile(IN_MEMORY) as file:
            self._copy(uid, file)
            file.seek(0)
            return BytesParser().parse(file)

    def _copy(self, uid: int, file: IO[bytes]) -> None:
        size = 0
        while True:
            _, found = self._client.uid("FETCH", str(uid), f"(BODY.PEEK[]<{size}.{PIECE}>)")
            piece = next((one[1] for one in found if isinstance(one, tuple)), b"")
            file.write(piece)
            size += len(piece)
            if len(piece) < PIECE:
                return


def _sign_in(client: imaplib.IMAP4, box: Mailbox) -> None:
    """By PLAIN, which knows all letters, where the server does."""
    plain = f"\0{box.username}\0{box.password}".encode()
    try:
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _challenge: plain)
        else:
            client.login(_quoted(box.username), box.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        raise MailboxClosed(f"{box.host} did not accept this user and password.") from error


def _examine(client: imaplib.IMAP4, box: Mailbox) -> Folder:
    status, found = client.select(_quoted(folder_name(box.folder)), readonly=True)
    if status != "OK":
        raise MailboxClosed(f"The mail box has no folder {box.folder}, or it cannot be opened.")
    validity = client.response("UIDVALIDITY")[1]
    number = validity[0] if validity and validity[0] else b"0"
    return Folder(client, int(number), int(found[0] or b"0"))


def folder_name(name: str) -> str:
    """Modified UTF-7 (RFC 3501): letters beyond ASCII as base64 between & and -."""

    def packed(found: "re.Match[str]") -> str:
        letters = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{letters}-"

    return re.sub(r"[^\x20-\x7e]+", packed, name.replace("&", "&-"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _head(found: object) -> Head | None:
    if not isinstance(found, tuple) or (numbers := NUMBERS.search(found[0])) is None:
        return None
    uid, size = (numbers[1], numbers[2]) if numbers[1] else (numbers[4], numbers[3])
    read = BytesHeaderParser().parsebytes(found[1])
    texts = [readable(str(read.get(name) or "")) for name in ("From", "Subject", "Message-ID")]
    return Head(int(uid), int(size), *texts)


def readable(text: str) -> str:
    """Encoded words (RFC 2047) as letters; what is broken stays as it is."""
    with suppress(Exception):  # this part of the standard library raises what it likes
        text = str(make_header(decode_header(text)))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


@contextmanager
def _explained(box: Mailbox) -> Iterator[None]:
    try:
        yield
    except AppError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise MailboxAway(f"The certificate of {box.host} was refused: {error.verify_message}.") from None
    except (imaplib.IMAP4.error, OSError) as error:
        log.warning("imap", host=box.host, error=f"{type(error).__name__}: {error}")
        raise MailboxAway(f"{box.host} cannot be reached, or the connection was lost.") from None
