"""A real IMAP server (pymap, in memory), behind TLS of either kind."""

import imaplib
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import trustme

from tests.runtime.product import free_port
from tests.sources.relay import relay

HOST, USER, PASSWORD = "localhost", "clerk", "a secret of theirs"


@dataclass
class MailServer:
    """`port` speaks TLS from the first byte, `plain_port` after STARTTLS. The certificate is for `localhost`."""

    port: int
    plain_port: int
    ca_pem: str

    @contextmanager
    def owner(self) -> Iterator[imaplib.IMAP4]:
        client = imaplib.IMAP4(HOST, self.plain_port)
        client.starttls(ssl.create_default_context(cadata=self.ca_pem))
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def put(self, *messages: EmailMessage, folder: str = "INBOX") -> None:
        with self.owner() as client:
            for message in messages:
                assert client.append(folder, "", "", bytes(message))[0] == "OK"

    def empty(self, folder: str = "INBOX") -> None:
        with self.owner() as client:
            client.select(folder)
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()

    def anew(self, folder: str) -> None:
        """A folder of the same name that is another one."""
        with self.owner() as client:
            client.delete(folder)
            assert client.create(folder)[0] == "OK"

    def flags(self, folder: str = "INBOX") -> str:
        with self.owner() as client:
            client.select(folder, readonly=True)
            return str(client.fetch("1:*", "(FLAGS)")[1])


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    authority, plain = trustme.CA(), free_port()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(tls)
    files = ["--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem")]
    open_port = free_port()
    servers = [_started(plain, files), _started(open_port, ["--no-tls"])]
    try:
        with relay(tls, open_port) as door:
            yield MailServer(door, plain, authority.cert_pem.bytes().decode())
    finally:
        for server in servers:
            server.kill()
            server.wait()


def _started(port: int, options: list[str]) -> "subprocess.Popen[bytes]":
    people = ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    command = [str(Path(sys.executable).parent / "pymap"), "--host", "127.0.0.1", "--port", str(port), *options]
    process = subprocess.Popen([*command, *people], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while True:
        with suppress(OSError), imaplib.IMAP4("127.0.0.1", port) as client:
            client.noop()
            return process
        assert time.monotonic() < end, "pymap does not start"
        assert process.poll() is None, "pymap has stopped"
        time.sleep(0.1)


def mail(subject: str, *files: tuple[str, bytes], sender: str = "Shop <shop@example.com>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "clerk@example.com", subject
    message["Message-ID"] = f"<{abs(hash((subject, files)))}@example.com>"
    message.set_content("See the file.")
    for name, content in files:
        message.add_attachment(content, maintype="text", subtype="csv", filename=name)
    return message
