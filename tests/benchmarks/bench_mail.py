"""Messages per second over STARTTLS: our sender against the standard library's, on the same sink, interleaved.

    python -m tests.benchmarks.bench_mail [--messages 60] [--kilobytes 50]

The sink runs in a process of its own, keeps nothing, and answers as fast as Python can. Compare ratios of one run only:
other work on the machine changes the figures, not the ratios.
"""

import argparse
import json
import multiprocessing
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from email.policy import SMTP

from app.core.mail import Letter
from app.core.smtp import Smtp
from app.core.smtp_access import SmtpAccess
from tests.smtp_server import Authority

ROUNDS = 3
Way = Callable[[int, str, Letter], AbstractContextManager[Callable[[], object]]]
FROM, TO = "reports@example.com", "anna@example.com"
END = b"\r\n.\r\n"


def sink(listener: socket.socket, context: ssl.SSLContext, pipelining: bool) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_talk, args=[connection, context, pipelining], daemon=True).start()


def _talk(plain: socket.socket, context: ssl.SSLContext, pipelining: bool) -> None:
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.sendall(b"220 sink\r\n")
    plain.recv(1000)
    plain.sendall(b"250-sink\r\n250 STARTTLS\r\n")
    plain.recv(1000)
    plain.sendall(b"220 go\r\n")
    features = b"250-sink\r\n250-PIPELINING\r\n250 OK\r\n" if pipelining else b"250-sink\r\n250 OK\r\n"
    answers = {b"EHLO": features, b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}
    with context.wrap_socket(plain, server_side=True) as connection:
        waiting = b""
        while chunk := connection.recv(65_536):
            *lines, waiting = (waiting + chunk).split(b"\r\n")
            for line in lines:
                connection.sendall(answers.get(line[:4].upper(), b"250 ok\r\n"))
                if line.upper() == b"DATA":
                    _swallow(connection)


def _swallow(connection: ssl.SSLSocket) -> None:
    tail = b"\r\n"
    while not tail.endswith(END):
        tail = (tail + connection.recv(65_536))[-5:]
    connection.sendall(b"250 kept\r\n")


@contextmanager
def ours(port: int, pem: str, letter: Letter) -> Iterator[Callable[[], object]]:
    with Smtp(SmtpAccess("localhost", port, "starttls", ca_pem=pem)) as smtp:
        yield lambda: smtp.send(letter, lambda: None)


@contextmanager
def library(port: int, pem: str, letter: Letter) -> Iterator[Callable[[], object]]:
    """smtplib as its documentation shows it."""
    with smtplib.SMTP("localhost", port) as smtp:
        smtp.starttls(context=ssl.create_default_context(cadata=pem))
        yield lambda: smtp.sendmail(letter.sender, letter.recipient, letter.content)


@contextmanager
def library_without_delay(port: int, pem: str, letter: Letter) -> Iterator[Callable[[], object]]:
    with smtplib.SMTP("localhost", port) as smtp:
        assert smtp.sock
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.starttls(context=ssl.create_default_context(cadata=pem))
        yield lambda: smtp.sendmail(letter.sender, letter.recipient, letter.content)


def speed(way: Way, port: int, pem: str, letter: Letter, count: int) -> float:
    """On a kept connection: the first message, which pays for connecting, is not counted."""
    with way(port, pem, letter) as send:
        send()
        start = time.perf_counter()
        for _ in range(count):
            send()
        return count / (time.perf_counter() - start)


def message(kilobytes: int) -> Letter:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = FROM, TO, "Benchmark"
    mail.set_content(("x" * 70 + "\n") * (kilobytes * 1024 // 72))
    return Letter(FROM, TO, mail.as_bytes(), "bench.eml")


def measure(messages: int, kilobytes: int, *, pipelining: bool) -> dict[str, float]:
    authority, letter = Authority(), message(kilobytes)
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    context = authority.server_context()
    server = multiprocessing.get_context("fork").Process(target=sink, args=[listener, context, pipelining], daemon=True)
    server.start()
    ways: dict[str, Way] = {"ours": ours, "smtplib": library, "smtplib_nodelay": library_without_delay}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(speed(way, port, authority.pem, letter, messages))
    server.terminate()
    best = {name: round(max(values), 1) for name, values in found.items()}  # load only ever slows down
    ratios = {f"ours/{name}": round(best["ours"] / best[name], 2) for name in ways if name != "ours"}
    return {**best, **ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--kilobytes", type=int, default=50)
    given = parser.parse_args()
    for pipelining in (False, True):
        figures = measure(given.messages, given.kilobytes, pipelining=pipelining)
        print(json.dumps({"messages_per_second": figures, "server_offers_pipelining": pipelining}))


if __name__ == "__main__":
    main()
