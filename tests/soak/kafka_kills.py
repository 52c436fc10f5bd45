"""Kills the broker and the follower again and again while messages come in; then counts what is in the dataset.

    python -m tests.soak.kafka_kills [messages] [kills of each]

The broker is noida-db, the follower is started by the product's own supervisor, and both die by kill -9. Each message
that the broker acknowledged has to be there exactly once.
"""

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import sqlalchemy as sa
from confluent_kafka import Producer
from cryptography.fernet import Fernet

from app.core import db as database
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.settings import settings
from app.datasets import service as datasets
from app.sources.streams.supervise import Supervisor
from tests.benchmarks.database import new_database
from tests.sources.broker import QUIET, NoidaBroker, make_topic, noida
from tests.sources.conftest import dataset, source

TOPIC, PARTITIONS, PATIENCE = "kills", 4, 240.0


@dataclass
class Outcome:
    acknowledged: set[int] = field(default_factory=set)
    stored: Counter[int] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def missing(self) -> int:
        return len(self.acknowledged - set(self.stored))

    @property
    def twice(self) -> int:
        return sum(1 for count in self.stored.values() if count > 1)


class Sender(threading.Thread):
    """Sends numbers and remembers which the broker took. It waits where the killer wants to be quick enough."""

    def __init__(self, address: str, messages: int, outcome: Outcome) -> None:
        super().__init__(name="sender", daemon=True)
        options = {"bootstrap.servers": address, "enable.idempotence": True, "acks": "all", "linger.ms": 5}
        self.producer = Producer({**options, "message.timeout.ms": 120_000, "reconnect.backoff.max.ms": 500, **QUIET})
        self.messages, self.outcome, self.allowed = messages, outcome, 0

    def run(self) -> None:
        for number in range(self.messages):
            while number >= self.allowed:
                self.producer.poll(0.01)
            self._send(number)
        self.producer.flush(120)

    def _send(self, number: int) -> None:
        while True:
            try:
                self.producer.produce(
                    TOPIC,
                    b'{"city": "c%d", "people": %d}' % (number, number),
                    partition=number % PARTITIONS,
                    on_delivery=lambda error, _message: None if error else self.outcome.acknowledged.add(number),
                )
                return
            except BufferError:
                self.producer.poll(0.05)


def run(broker: NoidaBroker, messages: int, kills: int) -> Outcome:
    """The dataset `cities` with a source that follows the topic exists already."""
    outcome, started = Outcome(), time.monotonic()
    make_topic(broker.address, TOPIC, PARTITIONS)
    sender, supervisor = Sender(broker.address, messages, outcome), Supervisor(4)
    looking = threading.Thread(target=supervisor.run, name="streams", daemon=True)
    looking.start()
    sender.start()
    try:
        steps = kills * 2 + 1
        for step in range(1, steps):
            sender.allowed = messages * step // steps
            _wait_for(partial(_more_than, messages * (step - 1) // steps))
            if step % 2:
                _kill_follower(broker, outcome)
            else:
                _kill_broker(broker, outcome)
        sender.allowed = messages
        sender.join(PATIENCE)
        _wait_for(lambda: _stored() >= len(outcome.acknowledged))
        time.sleep(1)  # time for one too many
    finally:
        supervisor.stop.set()
        looking.join(10)
        supervisor.end_all()
    with transaction() as db:
        table = datasets.dataset_by_name(db, SYSTEM, "cities").id.hex
        outcome.stored.update(db.scalars(sa.text(f"select people from data.d_{table}")))
    outcome.seconds = time.monotonic() - started
    return outcome


def _kill_broker(broker: NoidaBroker, outcome: Outcome) -> None:
    broker.kill()
    outcome.kills["broker"] += 1
    broker.start()


def _kill_follower(broker: NoidaBroker, outcome: Outcome) -> None:
    """Whoever of our children talks to the broker."""
    _wait_for(lambda: bool(_followers(broker)))
    for process in _followers(broker):
        process.kill()
        outcome.kills["follower"] += 1


def _followers(broker: NoidaBroker) -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            places = process.net_connections("tcp")
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(one.raddr and one.raddr.port == broker.port for one in places):
            found.append(process)
    return found


def _stored() -> int:
    with transaction() as db:
        return db.scalar(sa.text("select coalesce(sum(rows_in), 0) from batches where status = 'published'")) or 0


def _more_than(messages: int) -> bool:
    return _stored() > messages


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing comes any more"
        time.sleep(0.05)


def main(messages: int, kills: int) -> int:
    with tempfile.TemporaryDirectory() as folder, noida(Path(folder)) as broker, new_database() as url:
        os.environ.update(
            DATA_DIR=folder,
            KAFKA_BOOTSTRAP_SERVERS=broker.address,
            SMTP_ENV_KEY=Fernet.generate_key().decode(),
            SECRET_KEY="x" * 40,
        )
        settings.cache_clear()
        database.configure(url)
        dataset()
        source("kafka", {"topic": TOPIC})
        outcome = run(broker, messages, kills)
        database.engine().dispose()
    print(
        f"{len(outcome.acknowledged):,} messages acknowledged, {sum(outcome.stored.values()):,} rows stored,"
        f" {outcome.missing} missing, {outcome.twice} twice; killed: {dict(outcome.kills)}; {outcome.seconds:.1f} s"
    )
    return 1 if outcome.missing or outcome.twice else 0


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:2] or ["100000"])[0]), int((sys.argv[2:3] or ["5"])[0])))
