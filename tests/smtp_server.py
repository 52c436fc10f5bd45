"""Real mail servers for tests: one that behaves (aiosmtpd) and one that fails exactly where it is told to."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.runtime.product import free_port

USERNAME, PASSWORD = "robot", "pässword with spaces"


class Authority:
    """A certificate authority of its own, and server certificates from it."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self._ca.cert_pem.bytes().decode()

    def server_context(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context


class Mailbox:
    """Keeps every message as it came."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins = 0

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return f"250 2.0.0 kept as {len(self.envelopes)}"

    def __call__(self, _server: Any, _session: Session, _envelope: Envelope, _kind: str, secret: Any) -> AuthResult:
        right = isinstance(secret, LoginPassword) and secret.login == USERNAME.encode()
        right = right and secret.password == PASSWORD.encode()
        self.logins += right
        return AuthResult(success=right, handled=right)

    @property
    def contents(self) -> list[bytes]:
        return [bytes(envelope.content or b"") for envelope in self.envelopes]


@contextlib.contextmanager
def good_server(authority: Authority, *, implicit_tls: bool = False, tls: bool = True) -> Iterator[tuple[Mailbox, int]]:
    """The mailbox and the port. Signing in is possible only under TLS, and required after STARTTLS."""
    mailbox, context = Mailbox(), authority.server_context()
    options: dict[str, Any] = {"authenticator": mailbox, "auth_required": True} if tls else {}
    if implicit_tls:
        # It does not count the implicit kind as TLS.
        options |= {"ssl_context": context, "auth_require_tls": False, "auth_required": False}
    elif tls:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), ready_timeout=120, **options)
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


class FaultServer:
    """Speaks just enough SMTP over STARTTLS, and breaks where `answers` says so.

    Keys: greeting, mail, rcpt, rcpt:ADDRESS, data, body, dot, quit. Values: a reply line, `drop`, `hang`, `wait` (for
    `go_on`), or `REPLY drop`, which answers and hangs up. `stored` holds each message whose final dot arrived.
    """

    def __init__(
        self, authority: Authority, answers: dict[str, str] | None = None, *, pipelining: bool = False
    ) -> None:
        self.answers, self.pipelining = answers or {}, pipelining
        self.stored: list[bytes] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.data_came, self.dot_came, self.go_on = threading.Event(), threading.Event(), threading.Event()
        self._context = authority.server_context()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "FaultServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """On everybody who is connected now."""
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, _HangUp, ValueError):
            try:
                _Talk(self, connection).run()
            finally:
                connection.close()


class _HangUp(Exception):
    pass


class _Talk:
    def __init__(self, server: FaultServer, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.lines = connection.makefile("rb")
        self.secure = False

    def run(self) -> None:
        self.answer("greeting", "220 test")
        while line := self.lines.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            getattr(self, f"on_{verb.lower()}")(rest)

    def answer(self, key: str, usual: str) -> str:
        """Sends the reply, or does what the fault says."""
        reply = self.server.answers.get(key, usual)
        text, _, _ = reply.partition(" drop")
        if text == "wait":
            self.server.go_on.wait(300)
            text = usual
        if text == "hang":
            threading.Event().wait(30)
        if text not in ("drop", "hang"):
            self.connection.sendall(text.encode() + b"\r\n")
        if text in ("drop", "hang") or reply.endswith(" drop"):
            if isinstance(self.connection, ssl.SSLSocket):
                self.lines.close()
            self.connection.shutdown(socket.SHUT_RDWR)
            raise _HangUp
        return text

    def on_ehlo(self, _rest: str) -> None:
        features = ["test", *(["PIPELINING"] if self.server.pipelining else []), *([] if self.secure else ["STARTTLS"])]
        for feature in features:
            self.connection.sendall(f"250-{feature}\r\n".encode())
        self.connection.sendall(b"250 8BITMIME\r\n")

    def on_starttls(self, _rest: str) -> None:
        self.connection.sendall(b"220 go\r\n")
        self.connection = self.server._context.wrap_socket(self.connection, server_side=True)
        self.server._open.append(self.connection)
        self.lines = self.connection.makefile("rb")
        self.secure = True

    def on_mail(self, _rest: str) -> None:
        self.accepted = False
        self.has_sender = self.answer("mail", "250 sender ok").startswith("250")

    def on_rcpt(self, rest: str) -> None:
        if not self.has_sender:
            self.connection.sendall(b"503 no sender\r\n")
            return
        address = rest.partition("<")[2].rpartition(">")[0]
        key = f"rcpt:{address}" if f"rcpt:{address}" in self.server.answers else "rcpt"
        if self.answer(key, "250 recipient ok").startswith("250"):
            self.accepted = True
            self.server.recipients.append(address)

    def on_data(self, _rest: str) -> None:
        if not self.accepted:
            self.connection.sendall(b"503 no recipients\r\n")
            return
        self.server.data_came.set()
        if not self.answer("data", "354 go on").startswith("354"):
            return
        if "body" in self.server.answers:
            self.lines.readline()
            self.answer("body", "drop")
        message = b""
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise _HangUp
            message += line[1:] if line.startswith(b".") else line
        self.server.stored.append(message)
        self.server.dot_came.set()
        self.answer("dot", "250 2.0.0 kept")

    def on_rset(self, _rest: str) -> None:
        self.connection.sendall(b"250 ok\r\n")

    def on_quit(self, _rest: str) -> None:
        self.answer("quit", "221 bye drop")
