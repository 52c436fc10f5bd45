"""A second PostgreSQL server with passwords, which knows nothing of the product, behind a door that speaks TLS.

The server of the wheel is built without TLS, so a relay ends it, by the protocol of PostgreSQL.
"""

import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import trustme

from app.core.postgres_cluster import bin_dir, unprivileged_account
from tests.runtime.product import free_port
from tests.sources.relay import relay

HOST, PASSWORD = "localhost", "a secret of theirs"


@dataclass
class Server:
    """Its certificate is for `localhost`, not for 127.0.0.1."""

    port: int
    plain_port: int
    ca_pem: str

    def url(self, host: str = HOST) -> str:
        return f"postgresql://reader@{host}:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        dsn = f"host=127.0.0.1 port={self.plain_port} dbname=postgres user=owner password='{PASSWORD}'"
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def second_server() -> Iterator[Server]:
    account = unprivileged_account()
    identity: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    folder = Path(tempfile.mkdtemp(prefix="second-"))
    authority, port = trustme.CA(), free_port()
    (folder / "password").write_text(PASSWORD)
    if account:
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.uid, account.gid)
    data, programs = folder / "data", bin_dir()
    initdb = [programs / "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "-N", "-E", "UTF8"]
    subprocess.run(
        [*initdb, f"--pwfile={folder / 'password'}"], check=True, capture_output=True, cwd=folder, **identity
    )
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, *settings], cwd=folder, stderr=subprocess.DEVNULL, **identity
    )
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(tls)
    try:
        with relay(tls, port, greeting=8) as door:
            yield _ready(Server(door, port, authority.cert_pem.bytes().decode()))
    finally:
        process.terminate()
        process.wait(120)
        shutil.rmtree(folder)


def _ready(server: Server) -> Server:
    end = time.monotonic() + 120
    while True:
        try:
            server.run(f"create role reader login password '{PASSWORD}'", "grant pg_read_all_data to reader")
            return server
        except psycopg.OperationalError:
            assert time.monotonic() < end, "the second server does not start"
            time.sleep(0.1)
