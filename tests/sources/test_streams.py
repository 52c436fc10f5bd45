"""Messages become rows exactly once, whoever dies."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pyarrow import fs, parquet

from app.core import children, clock, storage
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import Batch, DatasetChange, Reject, RejectFilter
from app.datasets.streams.files import sweep
from app.sources import service as sources
from app.sources.schemas import Source, SourceChange
from app.sources.streams import lease as leases
from app.sources.streams import supervise
from app.sources.streams.follow import Follower
from app.sources.streams.lease import Lease, LeaseLost
from app.sources.streams.reader import KafkaReader
from app.sources.streams.supervise import Supervisor
from app.sources.streams.tables import OffsetRow, StreamRow, WarningRow
from tests.runtime.product import free_port
from tests.soak import kafka_kills
from tests.sources.broker import NoidaBroker, make_topic, mock_broker, noida, send
from tests.sources.conftest import COLUMNS, dataset, rows, source
from tests.sources.environment import environment

TOPIC = "orders"
RULE = {"name": "inhabited", "expression": "people > 0", "message": "Nobody lives there."}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of all brokers here."""
    one = free_port()
    with environment(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{one}"):
        children.prepare("app.worker", "app.jobs.warm")
        yield one


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[NoidaBroker]:
    with noida(tmp_path, port) as broker:
        yield broker


@pytest.fixture
def broker(server: NoidaBroker) -> str:
    return server.address


def stream(**given: Any) -> Source:
    return source("kafka", {"topic": TOPIC, **given})


def claim() -> Lease:
    with transaction() as db:
        (lease,) = leases.claim(db, ["kafka"], at_most=5)
    return lease


@contextmanager
def following(lease: Lease | None = None) -> Iterator[tuple[Follower, KafkaReader]]:
    follower = Follower(lease or claim())
    with KafkaReader(follower.settings) as reader:
        follower.begin(reader)
        yield follower, reader


def read(follower: Follower, reader: KafkaReader, wanted: int) -> None:
    end, got = time.monotonic() + 120, 0
    while got < wanted and time.monotonic() < end:
        got += follower.step(reader)
    assert got == wanted


def city(name: str, people: Any = 1) -> dict[str, Any]:
    return {"city": name, "people": people}


def the_batches() -> list[Batch]:
    with transaction() as db:
        return datasets.batches(db, SYSTEM, "cities").items


def rejects() -> list[Reject]:
    with transaction() as db:
        return datasets.rejects(db, SYSTEM, the_batches()[0].id, RejectFilter(), limit=200).items


def next_offsets() -> dict[int, int]:
    with transaction() as db:
        return dict(db.execute(sa.select(OffsetRow.partition, OffsetRow.next_offset)).tuples().all())


def test_messages_are_rows_at_once_and_bad_ones_are_rejects_with_their_text(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    pretty = b'{\n  "city": "Rom",\r\n  "people": 2800000\n}'
    send(broker, TOPIC, [city("Oslo", 700000), b"no json", None, b"", city("Bonn", "many"), pretty, b"bad\nlines \xff"])
    with following() as (follower, reader):
        read(follower, reader, 7)
    assert rows() == [["Oslo", 700000], ["Rom", 2800000]]
    found = {one.row: (one.raw, one.failures[0].rule) for one in rejects()}
    assert found == {
        2: ("no json", "json"),
        3: ("null", "tombstone"),
        4: ('""', "json"),
        5: ('{"city": "Bonn", "people": "many"}', "type"),
        7: ("bad␊lines �", "encoding"),
    }
    (batch,) = the_batches()
    assert (batch.status, batch.rows_in, batch.rows_valid, batch.rows_rejected) == ("published", 7, 2, 5)
    assert next_offsets() == {0: 7}


def test_a_row_is_traced_to_its_message(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC, 2)
    send(broker, TOPIC, [city("Oslo"), b"no json"], partition=0)
    send(broker, TOPIC, [city("Bergen"), city("Voss")], partition=1)
    with following() as (follower, reader):
        read(follower, reader, 4)
    batch = the_batches()[0].id
    with transaction() as db:
        traces = [datasets.trace_row(db, SYSTEM, "cities", f"{batch}.{row}") for row in range(1, 5)]
    places = {(one.raw, one.message.partition, one.message.offset, one.message.key) for one in traces if one.message}
    assert places == {
        ('{"city": "Oslo", "people": 1}', 0, 0, "0"),
        ("no json", 0, 1, "1"),
        ('{"city": "Bergen", "people": 1}', 1, 0, "0"),
        ('{"city": "Voss", "people": 1}', 1, 1, "1"),
    }
    assert all(one.message and one.message.topic == TOPIC and one.message.sent_at for one in traces)


def test_a_new_follower_goes_on_where_the_table_says(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo"), city("Bergen")])
    lease = claim()
    with following(lease) as (follower, reader):
        read(follower, reader, 2)
    with transaction() as db:
        leases.give_back(db, lease)
    send(broker, TOPIC, [city("Voss")])
    with following() as (follower, reader):
        read(follower, reader, 1)
    assert [row[0] for row in rows()] == ["Oslo", "Bergen", "Voss"]
    assert len(the_batches()) == 1


def test_a_follower_that_was_thought_dead_can_store_nothing(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo")])
    with following() as (frozen, frozen_reader):
        messages = frozen_reader.take()
        with transaction() as db:
            db.execute(sa.text("update streams set beat_at = beat_at - interval '1 minute'"))
        with following() as (other, reader):
            read(other, reader, 1)
        with pytest.raises(LeaseLost):
            frozen.store(messages)
    assert rows() == [["Oslo", 1]]


def test_who_looks_for_work_does_not_wait_for_a_follower_that_writes(database: str, port: int) -> None:
    dataset()
    stream()
    lease = claim()
    with transaction() as writing:
        leases.hold(writing, lease)
        with transaction() as db:
            assert leases.claim(db, ["kafka"], at_most=5) == []


def test_nobody_else_follows_while_the_lease_beats(database: str, broker: str) -> None:
    dataset()
    stream()
    claim()
    with transaction() as db:
        assert leases.claim(db, ["kafka"], at_most=5) == []


def test_undoing_a_growing_batch_takes_its_rows_and_the_next_messages_open_another(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo")])
    with following() as (follower, reader):
        read(follower, reader, 1)
        with transaction() as db:
            datasets.undo_batch(db, SYSTEM, the_batches()[0].id)
        assert rows() == []
        send(broker, TOPIC, [city("Bergen")])
        read(follower, reader, 1)
    assert rows() == [["Bergen", 1]]
    assert [batch.status for batch in the_batches()] == ["published", "undone"]


def test_unique_values_are_so_within_a_batch_whoever_stored_them(database: str, broker: str) -> None:
    columns = [{"name": "city", "type": "text", "unique": True}, {"name": "people", "type": "integer"}]
    dataset(columns=columns)
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo"), city("Oslo")])
    lease = claim()
    with following(lease) as (follower, reader):
        read(follower, reader, 2)
    with transaction() as db:
        leases.give_back(db, lease)
    send(broker, TOPIC, [city("Oslo"), city("Bergen")])
    with following() as (follower, reader):
        read(follower, reader, 2)
    assert [row[0] for row in rows()] == ["Oslo", "Bergen"]
    assert [one.row for one in rejects()] == [2, 3]


def test_what_the_broker_deleted_unread_is_said_and_reading_goes_on(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo")])
    with following() as (follower, reader):
        read(follower, reader, 1)
        with transaction() as db:
            db.execute(sa.update(OffsetRow).values(next_offset=50))
        follower.positions[0] = 50
        reader.read_from({0: 50})
        read(follower, reader, 1)
    with transaction() as db:
        (warning,) = db.scalars(sa.select(WarningRow.text))
    assert "orders, partition 0: Offset 50 is beyond the end" in warning
    assert next_offsets() == {0: 1}


@pytest.mark.crash
def test_killed_followers_and_brokers_lose_and_double_nothing(database: str, server: NoidaBroker) -> None:
    dataset()
    source("kafka", {"topic": kafka_kills.TOPIC})
    outcome = kafka_kills.run(server, 3000, 2)
    assert (len(outcome.acknowledged), outcome.missing, outcome.twice) == (3000, 0, 0)
    assert outcome.kills["broker"] == 2
    assert outcome.kills["follower"] >= 2


@pytest.mark.crash
def test_the_supervisor_brings_a_message_into_the_dataset_within_a_second(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo")])
    supervisor = Supervisor(2)
    looking = threading.Thread(target=supervisor.run, daemon=True)
    looking.start()
    try:
        seconds_until(1)
        took = []
        while not took or min(took) >= 1:
            assert len(took) < 60, took
            send(broker, TOPIC, [city("Bergen")])
            took.append(seconds_until(len(took) + 2))
    finally:
        supervisor.stop.set()
        looking.join(10)
        supervisor.end_all()


def never_begins(_url: str, _lease: Lease) -> None:
    """A follower on a machine that is too busy to let it start."""
    time.sleep(600)


def test_a_follower_that_starts_slowly_is_not_replaced_by_its_own_supervisor(
    database: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset()
    stream()
    monkeypatch.setattr(supervise, "TARGET", f"{__name__}:{never_begins.__name__}")
    supervisor, tokens = Supervisor(2), set()
    try:
        for _ in range(2):
            supervisor.look()
            with transaction() as db:
                tokens |= set(db.scalars(sa.select(StreamRow.token)))
                db.execute(sa.text("update streams set beat_at = beat_at - interval '1 minute'"))
    finally:
        supervisor.end_all()
    assert len(tokens) == 1


def seconds_until(wanted: int) -> float:
    started = time.monotonic()
    while len(rows()) < wanted:
        assert time.monotonic() < started + 120, the_streams()
        time.sleep(0.02)
    return time.monotonic() - started


def the_streams() -> list[dict[str, Any]]:
    with transaction() as db:
        return [dict(row) for row in db.execute(sa.text("select *, clock_timestamp() as now from streams")).mappings()]


def test_a_changed_or_paused_source_is_not_followed_with_the_settings_of_before(database: str, broker: str) -> None:
    dataset()
    one = stream()
    make_topic(broker, TOPIC)
    send(broker, TOPIC, [city("Oslo")])
    with following() as (follower, reader):
        messages = reader.take()
        with transaction() as db:
            sources.change_source(db, SYSTEM, one.id, SourceChange(version=1, paused=True))
        with pytest.raises(LeaseLost):
            follower.store(messages)
    with transaction() as db:
        assert leases.claim(db, ["kafka"], at_most=5) == []
    assert rows() == []


def test_the_mock_of_the_client_library_is_read_like_a_broker(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_broker() as address:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", address)
        settings.cache_clear()
        dataset()
        one = stream(start="earliest")
        send(address, TOPIC, [city("Oslo"), b"no json"])
        with transaction() as db:
            found = sources.check_source(db, SYSTEM, one.id)
        assert (found.ok, found.found[0]) == (True, "partition 0: offsets 0 to 2")
        with following() as (follower, reader):
            read(follower, reader, 2)
    monkeypatch.undo()
    settings.cache_clear()
    assert rows() == [["Oslo", 1]]


def test_a_new_day_and_a_changed_schema_open_another_batch(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    with following() as (follower, reader), clock.use(FixedClock(datetime(2026, 3, 1, 23, 59, tzinfo=UTC))) as now:
        assert isinstance(now, FixedClock)
        send(broker, TOPIC, [city("Oslo")])
        read(follower, reader, 1)
        now.at += timedelta(minutes=2)
        send(broker, TOPIC, [city("Bergen")])
        read(follower, reader, 1)
        with transaction() as db:
            change = DatasetChange.model_validate({"schema": {"columns": COLUMNS, "rules": [RULE]}})
            datasets.change_dataset(db, SYSTEM, "cities", change)
        send(broker, TOPIC, [city("Voss"), city("Atlantis", 0)])
        read(follower, reader, 2)
        follower.writer.tidy()
    assert [(batch.file_name, batch.rows_in) for batch in the_batches()] == [
        ("orders 2026-03-02", 2),
        ("orders 2026-03-02", 1),
        ("orders 2026-03-01", 1),
    ]
    first = the_batches()[-1]
    line = b'{"city": "Oslo", "people": 1}\n'
    assert (first.sha256, first.size) == (sha256(line).hexdigest(), len(line))
    assert [one.failures[0].message for one in rejects()] == ["Nobody lives there."]


def test_small_files_are_merged_and_every_row_stays(database: str, broker: str) -> None:
    dataset()
    stream()
    make_topic(broker, TOPIC)
    with following() as (follower, reader):
        for number in range(40):
            send(broker, TOPIC, [city(f"c{number}", number)])
            read(follower, reader, 1)
        follower.writer.tidy()
        with transaction() as db:
            live = datasets.live_files(db, SYSTEM, "cities").files
            strays = set(db.scalars(sa.text("select key from stray_files")))
        assert len(live) < 15
        found = [
            row for key in live for row in parquet.read_table(storage.filesystem().open_input_file(key)).to_pylist()
        ]
        assert sorted(row["people"] for row in found) == list(range(40))
        with clock.use(FixedClock(datetime.now(UTC) + timedelta(minutes=3))):
            sweep()
        kept = {
            one.path
            for one in storage.filesystem().get_file_info(fs.FileSelector("datasets", recursive=True))
            if one.is_file
        }
    assert set(live) <= kept
    assert not strays & kept


def test_only_datasets_that_are_appended_to_take_streams(database: str, broker: str) -> None:
    dataset(mode="replace")
    with pytest.raises(Invalid, match="mode replace; a stream needs the mode append"):
        stream()
