"""The life of one follower: read a moment's messages, store them with their offsets, again and again."""

import time
import traceback
from uuid import UUID

import sqlalchemy as sa
import structlog

from app.core import clock, db
from app.core.errors import AppError
from app.datasets import service as datasets
from app.datasets.service import BatchMoved, Message
from app.sources import vault
from app.sources.connectors import connector
from app.sources.connectors.kafka import KafkaSettings
from app.sources.pull import owner_of
from app.sources.streams import lease as leases
from app.sources.streams import offsets
from app.sources.streams.lease import Lease, LeaseLost
from app.sources.streams.offsets import Positions
from app.sources.streams.reader import BrokerAway, KafkaReader, OffsetGone
from app.sources.streams.tables import StreamRow
from app.sources.tables import SourceRow

BEAT_SECONDS, LOOK_SECONDS, OWNER_SECONDS = 1.0, 10.0, 30.0
TRIES = 3
BROKEN = "It stopped unexpectedly. An administrator finds the cause in the log of the worker."
log = structlog.stdlib.get_logger(__name__)


def follow(url: str, lease: Lease) -> None:
    """The target of a child process. Returns when the lease ends; troubles are written down where people look."""
    db.configure(url)
    trouble: str | None = None
    try:
        follower = Follower(lease)
        with KafkaReader(follower.settings) as reader:
            follower.run(reader)
    except LeaseLost:
        return
    except AppError as error:
        trouble = error.message
    except Exception:
        log.error("follower failed", source_id=str(lease.source_id), traceback=traceback.format_exc())
        trouble = BROKEN
    finally:
        _give_back(lease, trouble)
        db.engine().dispose()


def _give_back(lease: Lease, trouble: str | None) -> None:
    try:
        with db.transaction() as session:
            leases.give_back(session, lease, trouble)
    except sa.exc.DBAPIError as error:
        log.warning("database away", reason=type(error).__name__)


class Follower:
    """What it knows of its source. Every write begins by holding the lease."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        with db.transaction() as session:
            leases.hold(session, lease)
            source = session.get_one(SourceRow, lease.source_id)
            stream = session.get_one(StreamRow, lease.source_id)
            self.settings = _settings(source)
            self.owner = owner_of(session, source)
            self.writer = datasets.stream_writer(source.dataset_id, self.settings.topic, stream.batch_id)
        self.positions: Positions = {}
        self.said: str | None = stream.trouble
        self._due = {"beat": 0.0, "look": 0.0, "owner": time.monotonic() + OWNER_SECONDS}

    @property
    def topic(self) -> str:
        return self.settings.topic

    @property
    def source_id(self) -> UUID:
        return self.lease.source_id

    def run(self, reader: KafkaReader) -> None:
        """Until the lease ends. Raises LeaseLost, AppError."""
        self.begin(reader)
        while True:
            self.step(reader)

    def begin(self, reader: KafkaReader) -> None:
        """Goes on where the table says; of a new source where its settings say."""
        with db.transaction() as session:
            known = offsets.read_offsets(session, self.source_id, self.topic)
        is_new = not known
        self._add(
            reader, sorted({*reader.partitions(), *known}), known, from_end=is_new and self.settings.start == "latest"
        )

    def step(self, reader: KafkaReader) -> int:
        """One portion. Returns how many messages were stored."""
        messages: list[Message] = []
        try:
            messages = reader.take()
        except OffsetGone as gone:
            self._go_on_at_earliest(reader, gone.partition)
        if messages:
            self.store(messages)
            reader.tell(self.positions)
        if self._is_due("beat", BEAT_SECONDS):
            self._beat(reader)
        if self._is_due("owner", OWNER_SECONDS):
            self._look_at_owner()
        if self._is_due("look", LOOK_SECONDS):
            self._look_around(reader)
        return len(messages)

    def store(self, messages: list[Message]) -> None:
        """Rows, rejects, evidence and offsets, or nothing of it."""
        for _ in range(TRIES):
            try:
                self._try_to_store(messages)
                return
            except BatchMoved:
                self.writer.forget()
            except BaseException:
                self.writer.forget()
                raise
        raise AppError("The dataset changes all the time; nothing could be stored. It is tried again.")

    def _try_to_store(self, messages: list[Message]) -> None:
        if not self.writer.is_ready:
            with db.transaction() as session:
                leases.hold(session, self.lease)
                batch_id = self.writer.open(session, self.owner)
                leases.hold(session, self.lease, batch_id=batch_id)
        self.writer.prepare(messages)
        ends = {message.partition: message.offset + 1 for message in messages}
        with db.transaction() as session:
            leases.hold(session, self.lease, last_message_at=clock.now(), messages=StreamRow.messages + len(messages))
            rejected = self.writer.store(session, self.owner)
            leases.hold(session, self.lease, rejected=StreamRow.rejected + rejected, failures=0)
            steps = {partition: (self.positions[partition], end) for partition, end in ends.items()}
            offsets.move(session, self.source_id, self.topic, steps)
        self.positions |= ends
        self.writer.stored()

    def _add(self, reader: KafkaReader, partitions: list[int], known: Positions, *, from_end: bool = False) -> None:
        """Written down before the first message is read, so that a crash right here loses nothing."""
        new: Positions = {}
        for partition in partitions:
            if partition not in known:
                low, high = reader.end(partition)
                new[partition] = high if from_end else low
        with db.transaction() as session:
            leases.hold(session, self.lease)
            offsets.begin(session, self.source_id, self.topic, new)
        started = {partition: known.get(partition, new.get(partition, 0)) for partition in partitions}
        self.positions |= started
        reader.read_from(started)

    def _go_on_at_earliest(self, reader: KafkaReader, partition: int) -> None:
        """The broker's retention was faster than we were, or the topic was made anew. Nobody shall have to guess."""
        low, high = reader.end(partition)
        here = self.positions[partition]
        gap = (
            f"{low - here:,} messages (offsets {here} to {low - 1}) were deleted by the broker before they were read."
            if low > here
            else f"Offset {here} is beyond the end ({high}): the topic was made anew or cut off."
        )
        with db.transaction() as session:
            leases.hold(session, self.lease)
            offsets.move(session, self.source_id, self.topic, {partition: (here, low)})
            offsets.warn(
                session, self.source_id, f"{self.topic}, partition {partition}: {gap} Reading goes on at offset {low}."
            )
        self.positions[partition] = low
        reader.read_from({partition: low})

    def _beat(self, reader: KafkaReader) -> None:
        """Also notices that somebody paused or changed the source."""
        trouble = reader.trouble
        with db.transaction() as session:
            if trouble == self.said:
                leases.hold(session, self.lease)
            else:
                leases.hold(session, self.lease, trouble=trouble)
        self.said = trouble

    def _look_at_owner(self) -> None:
        """Nothing comes in through somebody who was shut out meanwhile. Raises SourceOrphaned."""
        with db.transaction() as session:
            leases.hold(session, self.lease, failures=0, retry_at=None)
            self.owner = owner_of(session, session.get_one(SourceRow, self.source_id))

    def _look_around(self, reader: KafkaReader) -> None:
        """New partitions, how far it is to the end, files to merge. A broker that is away is no reason to stop."""
        try:
            if new := [each for each in reader.partitions() if each not in self.positions]:
                self._add(reader, new, {})
        except BrokerAway as error:
            reader.trouble = error.message
        with db.transaction() as session:
            leases.hold(session, self.lease)
            offsets.note_ends(session, self.source_id, self.topic, reader.known_ends(self.positions))
        self.writer.tidy()

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + seconds
        return True


def _settings(source: SourceRow) -> KafkaSettings:
    found = vault.joined(connector(source.kind).Settings, source.settings, source.secrets)
    assert isinstance(found, KafkaSettings)
    return found
