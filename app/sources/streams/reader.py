"""Reads a topic from given offsets on. It joins no group, so nobody is ever moved from one partition to another."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog

from app.core.errors import Unavailable
from app.datasets.service import Message
from app.sources.connectors.kafka import KafkaMissing, KafkaSettings
from app.sources.streams.offsets import Positions

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError

MAX_MESSAGES, MAX_BYTES = 10_000, 4 << 20
AT_ONCE = 1000
WAIT_SECONDS, GATHER_SECONDS = 0.5, 0.25
ASK_SECONDS = 10.0
CLIENT = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # we decide, and say so
    "allow.auto.create.topics": False,
    "queued.max.messages.kbytes": 16 << 10,
    "fetch.wait.max.ms": 100,
    "reconnect.backoff.max.ms": 2000,
    "socket.connection.setup.timeout.ms": 5000,
    "socket.keepalive.enable": True,
    "log_level": 2,
}
log = structlog.stdlib.get_logger(__name__)


class BrokerAway(Unavailable):
    """No broker answers. Is the address right, and may this host call it?"""


class OffsetGone(Exception):
    """The broker no longer has (or never had) the next message of this partition."""

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self.partition = partition


class KafkaReader:
    """A context. `trouble` says what is wrong with the connection now."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings, self.topic = settings, settings.topic
        self.trouble: str | None = None
        self._consumer: Consumer | None = None

    def __enter__(self) -> "KafkaReader":
        try:
            from confluent_kafka import Consumer  # noqa: PLC0415  an extra that need not be installed
        except ImportError as error:
            raise KafkaMissing from error
        self.settings.check_brokers(self.settings.servers.split(","))
        self._consumer = Consumer({**CLIENT, **self.settings.client(), "error_cb": self._note}, logger=_Silent())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
        self._consumer = None

    @property
    def _open(self) -> "Consumer":
        assert self._consumer is not None
        return self._consumer

    def partitions(self) -> list[int]:
        """Raises BrokerAway when nobody answers, or when there is no such topic."""
        with self._explained():
            found = self._open.list_topics(self.topic, timeout=ASK_SECONDS)
        self.settings.check_brokers([f"{each.host}:{each.port}" for each in found.brokers.values()])
        topic = found.topics[self.topic]
        if topic.error is not None or not topic.partitions:
            raise BrokerAway(f"The brokers know no topic {self.topic}, or do not show it to this user.")
        self.trouble = None
        return sorted(topic.partitions)

    def ends(self) -> dict[int, tuple[int, int]]:
        """Partition -> first offset there is, and the one that the next message will get."""
        return {partition: self.end(partition) for partition in self.partitions()}

    def end(self, partition: int) -> tuple[int, int]:
        from confluent_kafka import TopicPartition  # noqa: PLC0415

        with self._explained():
            low, high = self._open.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=ASK_SECONDS)
        return low, high

    def known_ends(self, positions: Positions) -> Positions:
        """What the brokers said by the way: without asking."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415

        found = {}
        for partition in positions:
            _, high = self._open.get_watermark_offsets(TopicPartition(self.topic, partition), cached=True)
            found[partition] = max(high, positions[partition])
        return found

    def read_from(self, positions: Positions) -> None:
        """These partitions in addition to the others, or anew from here."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415

        have = {each.partition for each in self._open.assignment()}
        if again := [TopicPartition(self.topic, partition) for partition in positions if partition in have]:
            self._open.incremental_unassign(again)
        self._open.incremental_assign([TopicPartition(self.topic, at, offset) for at, offset in positions.items()])

    def take(self) -> list[Message]:
        """What has come, within a moment; in order within each partition. Raises OffsetGone."""
        found = self._values(self._open.consume(1, WAIT_SECONDS))
        size, end = 0, time.monotonic() + GATHER_SECONDS
        while found and len(found) < MAX_MESSAGES and size < MAX_BYTES and (left := end - time.monotonic()) > 0:
            more = self._values(self._open.consume(AT_ONCE, min(left, GATHER_SECONDS)))
            size += sum(len(each.value or b"") for each in more)
            found += more
        if found:
            self.trouble = None
        return sorted(found, key=lambda each: (each.partition, each.offset))

    def tell(self, positions: Positions) -> None:
        """For the broker's own tools: nobody reads from there. That it fails harms nobody."""
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415

        places = [TopicPartition(self.topic, partition, offset) for partition, offset in positions.items()]
        try:
            self._open.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            log.info("offsets not told to the broker", topic=self.topic, reason=str(error))

    def _values(self, messages: list[Any]) -> list[Message]:
        return [self._message(each) for each in messages if not self._is_error(each)]

    def _message(self, each: Any) -> Message:
        kind, at = each.timestamp()
        return Message(each.partition(), each.offset(), at if kind else None, each.key(), each.value())

    def _is_error(self, message: Any) -> bool:
        from confluent_kafka import KafkaError  # noqa: PLC0415

        error = message.error()
        if error is None:
            return False
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise OffsetGone(message.partition())
        self._note(error)
        return True

    def _note(self, error: "KafkaError") -> None:
        """Called by the library for what happens in the background; it goes on trying by itself."""
        self.trouble = words_of(error)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from confluent_kafka import KafkaException  # noqa: PLC0415

        try:
            yield
        except KafkaException as error:
            log.warning("kafka", topic=self.topic, error=str(error))
            raise BrokerAway(self.trouble or words_of(error.args[0])) from error


def words_of(error: "KafkaError") -> str:
    """What a person can act on."""
    text = error.str() or ""
    name = error.name()
    if name in ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"):
        return "The brokers did not accept this user and password."
    if name in ("TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"):
        return "This user may not read this topic."
    if name == "_SSL" or "certificate" in text.lower():
        return "The certificate of a broker was refused, or it does not speak TLS."
    if name == "_RESOLVE":
        return "The name of a broker is not known."
    if name in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION"):
        return "The brokers know no such topic, or do not show it to this user."
    return BrokerAway().message


class _Silent:
    """The library would write to standard error."""

    def log(self, level: int, text: str, *args: Any, **_options: Any) -> None:
        log.debug("librdkafka", said=text % args if args else text)
