"""TLS in front of a server that does not speak it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def relay(tls: ssl.SSLContext, port: int, *, greeting: int = 0) -> Iterator[int]:
    """`greeting`: of PostgreSQL, where a client asks for TLS in eight bytes, hears S, and begins."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    client, _ = door.accept()
                except OSError:
                    return
                threading.Thread(target=_served, args=(client, tls, port, greeting), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield int(door.getsockname()[1])
        door.shutdown(socket.SHUT_RDWR)


def _served(client: socket.socket, tls: ssl.SSLContext, port: int, greeting: int) -> None:
    with client, suppress(OSError):
        if greeting:
            client.recv(greeting)
            client.sendall(b"S")
        with tls.wrap_socket(client, server_side=True) as safe, socket.create_connection(("127.0.0.1", port)) as server:
            back = threading.Thread(target=_pump, args=(server, safe), daemon=True)
            back.start()
            _pump(safe, server)
            back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
