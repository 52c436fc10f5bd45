"""SMTP with required TLS, and with the phase of the dialogue always known.

Nothing is ever sent without TLS whose certificate and host name were checked.
"""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Self

from app.core.mail import FateUnknown, Letter, NotSent, Phase, Reply
from app.core.smtp_access import SmtpAccess, Timeouts, tls_context

OK, WILL_FORWARD, LOGGED_IN, GO_ON, DATA_WANTED, GOOD_BYE = 250, 251, 235, 334, 354, 421


class Smtp:
    """One connection, kept for many messages and opened again when it was lost."""

    def __init__(self, access: SmtpAccess, timeouts: Timeouts | None = None) -> None:
        self.access, self.timeouts = access, timeouts or Timeouts()
        self.phase = Phase.connect
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def connect(self) -> None:
        """Connects, checks the certificate and signs in. Raises NotSent, whose phase names what failed."""
        self.close()
        self.phase = Phase.name
        with self._definite():
            address = socket.getaddrinfo(self.access.host, self.access.port, type=socket.SOCK_STREAM)
            assert address
            self.phase = Phase.connect
            smtp = self._opened()
            smtp.ehlo_or_helo_if_needed()
            if self.access.security == "starttls":
                self._start_tls(smtp)
            self.phase = Phase.login
            if self.access.username:
                self._sign_in(smtp)

    def send(self, letter: Letter, before_dot: Callable[[], None]) -> Reply:
        smtp = self._begun(letter)
        with self._definite():
            before_dot()
        self.phase = Phase.dot
        try:
            reply = self._finish(smtp)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise FateUnknown(f"No answer after the end of the message: {_words(error)}") from error
        if 400 <= reply.code < 600:
            self._recover(reply.code)
            raise _refused(Phase.dot, reply.code, reply.text)
        if not 200 <= reply.code < 300:
            self._drop()
            raise FateUnknown(f"An answer that is none came after the end of the message: {reply.text}")
        self.phase = Phase.done
        return reply

    def close(self) -> None:
        """A QUIT that fails changes nothing about what was sent."""
        if self._smtp is not None:
            try:
                if self._smtp.sock is not None:
                    self._smtp.sock.settimeout(2)
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None

    def _opened(self) -> smtplib.SMTP:
        # Ours before it connects, so that every failure closes it.
        self._smtp = smtp = _PhasedSmtp(self) if self.access.security == "starttls" else _PhasedSmtpTls(self)
        code, text = smtp.connect(self.access.host, self.access.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(self.timeouts.command)
        return smtp

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        self.phase = Phase.tls
        if not smtp.has_extn("starttls"):
            raise NotSent(
                Phase.tls, "The server does not offer STARTTLS, and nothing is sent without TLS.", lasting=True
            )
        smtp.starttls(context=tls_context(self.access))
        smtp.ehlo()

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        """PLAIN or LOGIN in UTF-8: the library's own login fails on a password with an umlaut."""
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        user, password = self.access.username, self.access.password
        if "PLAIN" in offered:
            code, text = smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in offered:
            code, text = smtp.docmd("AUTH", "LOGIN " + _base64(user))
            if code == GO_ON:
                code, text = smtp.docmd(_base64(password))
        else:
            raise NotSent(Phase.login, "The server offers no login by password (PLAIN or LOGIN).", lasting=True)
        if code != LOGGED_IN:
            raise smtplib.SMTPAuthenticationError(code, text)

    def _begun(self, letter: Letter) -> smtplib.SMTP:
        """A kept connection that the server closed meanwhile is opened again once."""
        if self._smtp is not None:
            try:
                return self._begin(letter)
            except NotSent as error:
                if error.phase is not Phase.sender or error.code not in (None, GOOD_BYE):
                    raise
        self.connect()
        return self._begin(letter)

    def _begin(self, letter: Letter) -> smtplib.SMTP:
        """Envelope and body, without the dot."""
        with self._definite():
            smtp = self._smtp
            assert smtp is not None
            assert smtp.sock is not None
            smtp.sock.settimeout(self.timeouts.command)
            self._envelope(smtp, letter)
            self.phase = Phase.body
            smtp.sock.sendall(_stuffed(letter.content))
            if (said := _unasked(smtp.sock)) is not None:
                # It spoke or hung up before the end: it cannot have accepted anything.
                raise smtplib.SMTPServerDisconnected(said or "The server hung up in the middle of the message.")
            return smtp

    def _envelope(self, smtp: smtplib.SMTP, letter: Letter) -> None:
        """One write for three commands where the server allows it: saves two round trips per message."""
        steps = [
            (Phase.sender, f"MAIL FROM:<{letter.sender}>", {OK}),
            (Phase.recipient, f"RCPT TO:<{letter.recipient}>", {OK, WILL_FORWARD}),
            (Phase.data, "DATA", {DATA_WANTED}),
        ]
        pipelined = smtp.has_extn("pipelining")
        if pipelined:
            smtp.send("".join(f"{command}\r\n" for _, command, _ in steps))
        for number, (self.phase, command, expected) in enumerate(steps):
            if not pipelined:
                smtp.putcmd(command)
            code, text = smtp.getreply()
            if code not in expected:
                refusal = _refused(self.phase, code, text)
                self._after_refusal(smtp, len(steps) - 1 - number if pipelined else 0, code)
                raise refusal

    def _after_refusal(self, smtp: smtplib.SMTP, answers_left: int, code: int) -> None:
        """Reads the answers to what was already asked, so that the connection stays good for the next message."""
        try:
            for _ in range(answers_left):
                if smtp.getreply()[0] == DATA_WANTED:
                    smtp.send(".\r\n")  # a message for nobody, which the server throws away
                    smtp.getreply()
        except (OSError, smtplib.SMTPException):
            self._drop()
        self._recover(code)

    def _finish(self, smtp: smtplib.SMTP) -> Reply:
        assert smtp.sock is not None
        smtp.sock.settimeout(self.timeouts.after_dot)
        smtp.sock.sendall(b".\r\n")
        code, text = smtp.getreply()
        return Reply(code, _text(text))

    def _recover(self, code: int) -> None:
        """After a refusal the connection is good for the next message, unless the server said good-bye."""
        try:
            if code == GOOD_BYE or self._smtp is None or self._smtp.rset()[0] != OK:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    @contextmanager
    def _definite(self) -> Iterator[None]:
        """Whatever goes wrong in here happened before the dot."""
        try:
            yield
        except NotSent:
            raise
        except ssl.SSLCertVerificationError as error:
            self._drop()
            text = f"The certificate of {self.access.host} was refused: {error.verify_message}"
            raise NotSent(Phase.certificate, text, lasting=True) from error
        except smtplib.SMTPResponseException as error:
            self._drop()
            raise _refused(self.phase, error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise NotSent(self.phase, _words(error)) from error
        except BaseException:
            self._drop()
            raise


class _PhasedSmtp(smtplib.SMTP):
    """Tells its owner when the connection stands and the greeting is awaited."""

    def __init__(self, owner: Smtp) -> None:
        self.owner = owner
        super().__init__(local_hostname=_own_name(), timeout=owner.timeouts.connect)
        self._host = owner.access.host  # what the certificate is checked against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = socket.create_connection((host, port), timeout)
        self.owner.phase = Phase.greeting
        return found


class _PhasedSmtpTls(_PhasedSmtp):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        self.owner.phase = Phase.tls
        wrapped = tls_context(self.owner.access).wrap_socket(plain, server_hostname=host)
        self.owner.phase = Phase.greeting
        return wrapped


@lru_cache(maxsize=1)
def _own_name() -> str:
    """Asked once: a slow name server would delay each connection."""
    return socket.getfqdn()


def _stuffed(content: bytes) -> bytes:
    """Every line ends with CRLF, so that no line of the message can be read as its end; a leading dot is doubled."""
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\r\n.", b"\r\n..")


def _unasked(sock: socket.socket) -> str | None:
    """What the server said without being asked; empty when it hung up, None when it waits."""
    sock.settimeout(0)
    try:
        return _text(sock.recv(1000))
    except (BlockingIOError, ssl.SSLWantReadError):
        return None


def _refused(phase: Phase, code: int, text: bytes | str) -> NotSent:
    return NotSent(phase, _text(text), code=code if code > 0 else None, lasting=code >= 500)


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:500]


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "This host name is not known."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "The server did not answer in time."
    if isinstance(error, ConnectionRefusedError):
        return "Nothing listens on this port."
    return _text(str(error)) or type(error).__name__


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
