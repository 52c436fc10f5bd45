"""Brokers to read from: librdkafka's mock inside of this process, and noida-db, a real one that can be killed."""

import json
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.runtime.product import free_port

PATIENCE = 120.0
QUIET = {"log_level": 0, "socket.timeout.ms": 5000}


class NoidaBroker:
    """Keeps its data on disk, so that it can be killed and started again."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder, self.port = folder, port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        options = ["--data-dir", str(self.folder), "--only", "kafka", "--kafka-port", str(self.port)]
        binary = self._binary()
        with (self.folder.parent / "broker.log").open("ab") as log:
            self.process = subprocess.Popen([binary, "start", *options], stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                pytest.skip(f"noida-db does not run here (exit code {self.process.returncode})")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        pytest.skip("noida-db did not start in time")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @staticmethod
    def _binary() -> str:
        """The server itself: what pip puts on the path is a script around it, which would be killed in its place."""
        import noida_db

        return str(Path(str(noida_db.__file__)).parent / "noida-db")


@contextmanager
def noida(folder: Path, port: int = 0) -> Iterator[NoidaBroker]:
    broker = NoidaBroker(folder / "broker", port)
    broker.folder.mkdir(exist_ok=True)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def mock_broker() -> Iterator[str]:
    """Lives as long as the producer that made it."""
    owner = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, **QUIET})
    broker = next(iter(owner.list_topics(timeout=PATIENCE).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    owner.flush(1)


def make_topic(address: str, topic: str, partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": address, **QUIET})
    for done in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        done.result(PATIENCE)


def send(address: str, topic: str, values: Iterable[Any], *, partition: int = 0) -> None:
    """JSON, unless it is bytes or None."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 5, **QUIET})
    for index, value in enumerate(values):
        content = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        producer.produce(topic, content, key=str(index).encode(), partition=partition)
        producer.poll(0)
    assert producer.flush(PATIENCE) == 0
