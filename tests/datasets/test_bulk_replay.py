"""All rejected rows at once, after the rules or the rows were put right."""

import io
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core import db, storage
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.rejects import bulk
from app.datasets.rejects.start import NothingToReplay, UnknownColumn
from app.datasets.schemas import Batch, DatasetChange, DatasetSchema, Mend, ReplayRequest
from app.jobs import service as jobs
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, rejects_of, rows_of

pytestmark = pytest.mark.usefixtures("database")
CURRENCY = {"name": "currency", "required": True, "allowed": ["EUR", "USD"]}
SALES = [{"name": "id", "required": True, "unique": True}, CURRENCY]
FILE = b"id,currency\n1,EUR\n2,JPY\n3,usd\n4,JPY\n2,JPY\n5, EUR \n6,XXX\n7,E,UR\n"


def replay(batch: Batch, **wanted: Any) -> dict[str, Any]:
    with db.transaction() as session:
        started = datasets.replay_batch(session, SYSTEM, batch.id, ReplayRequest.model_validate(wanted))
    work_off(HANDLERS)
    return result_of(started.job_id)


def result_of(job_id: Any) -> dict[str, Any]:
    with db.transaction() as session:
        run = jobs.run(session, SYSTEM, job_id)
    assert run.status == "completed", run.error
    return run.result or {}


def allow(*currencies: str) -> None:
    with db.transaction() as session:
        now = datasets.dataset_by_name(session, SYSTEM, "sales")
        columns = [{"name": "id", "required": True, "unique": True}, CURRENCY | {"allowed": list(currencies)}]
        definition = DatasetSchema.model_validate({"columns": columns, "mode": now.definition.mode})
        datasets.change_dataset(session, SYSTEM, "sales", DatasetChange(definition=definition))


def counters(batch: Batch) -> tuple[int, int, int]:
    now = read_batch(batch.id)
    return now.rows_in, now.rows_valid, now.rows_rejected


def in_files(dataset: str) -> list[tuple[Any, ...]]:
    with db.transaction() as session:
        files = datasets.live_files(session, SYSTEM, dataset).files
    return sorted(row for key in files for row in pl.read_parquet(io.BytesIO(storage.read(key))).rows())


def stored(dataset: str) -> list[tuple[Any, ...]]:
    with db.transaction() as session:
        page = datasets.rows(session, SYSTEM, dataset, limit=200)
    ids = [tuple(map(int, one.split("."))) for one in page.row_ids]
    return [(*row_id, *row) for row_id, row in zip(ids, page.rows, strict=True)]


def test_rows_pass_once_their_currency_is_allowed() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    assert counters(batch) == (8, 1, 7)
    allow("EUR", "USD", "JPY")
    trial = replay(batch, dry_run=True)
    assert (trial["checked"], trial["would_pass"], trial["still_rejected"]) == (7, 2, 5)
    assert counters(batch) == (8, 1, 7)
    result = replay(batch)
    assert (result["checked"], result["stored"], result["still_rejected"]) == (7, 2, 5)
    assert rows_of("sales") == [["1", "EUR"], ["2", "JPY"], ["4", "JPY"]]
    assert counters(batch) == (8, 3, 5)
    assert in_files("sales") == stored("sales")
    assert [one.row for one in rejects_of(batch)] == [3, 5, 6, 7, 8]


def test_edits_trim_translate_and_set_and_are_written_down() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    edits = [
        {"column": "currency", "trim": True, "map": {"usd": "USD"}},
        {"column": "currency", "value": "USD", "old": "XXX"},
    ]
    assert replay(batch, edits=edits)["stored"] == 3
    assert rows_of("sales") == [["1", "EUR"], ["3", "USD"], ["5", "EUR"], ["6", "USD"]]
    with db.transaction() as session:
        [tried] = datasets.reject_history(session, SYSTEM, f"{batch.id}.6").tries
    assert (tried.stored, tried.values) == (True, {"currency": "EUR"})


def test_only_what_the_filter_finds_is_checked() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    edits = [{"column": "currency", "value": "EUR"}]
    assert replay(batch, q="3,USD", edits=edits)["checked"] == 1
    assert replay(batch, rule="allowed", column="currency", edits=edits, dry_run=True)["checked"] == 5
    assert counters(batch) == (8, 2, 6)


def test_all_batches_of_a_dataset_are_checked_by_one_job() -> None:
    make_dataset("sales", SALES)
    first, second = load("sales", FILE), load("sales", b"id,currency\n8,JPY\n")
    allow("EUR", "USD", "JPY")
    with db.transaction() as session:
        started = datasets.replay_dataset(session, SYSTEM, "sales", ReplayRequest())
    work_off(HANDLERS)
    assert result_of(started.job_id)["stored"] == 3
    assert (counters(first), counters(second)) == ((8, 3, 5), (1, 1, 0))


def test_nothing_is_started_that_could_do_nothing() -> None:
    make_dataset("sales", SALES)
    good = load("sales", b"id,currency\n8,EUR\n")
    with pytest.raises(NothingToReplay):
        replay(good)
    bad = load("sales", FILE)
    with pytest.raises(UnknownColumn, match="no column 'colour'"):
        replay(bad, edits=[{"column": "colour", "trim": True}])
    for wrong in ({"column": "id"}, {"column": "id", "old": "x"}, {"column": "id", "value": "a\0"}):
        with pytest.raises(ValueError, match=r"trim, map or value|needs a value|NUL"):
            ReplayRequest.model_validate({"edits": [wrong]})


def test_bytes_that_are_no_text_never_slip_in_as_question_marks() -> None:
    """The list shows such records with signs in place of the bytes; a replay reads the bytes themselves."""
    make_dataset("sales", [{"name": "id"}])
    batch = load("sales", b"id\n\xff\xfe1\na\0b\nc\n" + "é".encode() * 50 + b"\n", encoding="utf-8")
    assert counters(batch) == (4, 2, 2)
    assert replay(batch)["stored"] == 0
    assert counters(batch) == (4, 2, 2)


def test_a_job_that_was_killed_goes_on_where_blocks_are_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.datasets.cut_blocks.BLOCK_BYTES", 200)
    make_dataset("sales", SALES)
    batch = load("sales", b"id,currency\n" + b"".join(b"%d,JPY\n" % one for one in range(100)))
    allow("JPY")
    with db.transaction() as session:
        started = datasets.replay_batch(session, SYSTEM, batch.id, ReplayRequest())
    work = bulk.BulkReplay.replay_block
    done: list[tuple[int, int]] = []

    def dies(self: bulk.BulkReplay, at: tuple[int, int]) -> None:
        if len(done) == 2:
            done.append(at)
            raise KeyboardInterrupt
        done.append(at)
        work(self, at)

    monkeypatch.setattr(bulk.BulkReplay, "replay_block", dies)
    with pytest.raises(KeyboardInterrupt):
        work_off(HANDLERS)
    _, halfway, left = counters(batch)
    assert 0 < halfway < 100
    assert halfway + left == 100
    monkeypatch.setattr(bulk.BulkReplay, "replay_block", work)
    start_again(started.job_id)
    assert counters(batch) == (100, 100, 0)
    assert in_files("sales") == stored("sales")
    with db.transaction() as session:
        assert session.scalar(sa.text("select count(*) from replays where stored")) == 100


def start_again(job_id: Any) -> None:
    with db.transaction() as session:
        session.execute(
            sa.text("update runs set heartbeat_at = null, status = 'failed' where id = :id"), {"id": job_id}
        )
        jobs.retry_run(session, SYSTEM, job_id)
    work_off(HANDLERS)


TEXT = st.sampled_from(["EUR", "USD", "JPY", "", " EUR ", "€", "a,b"])
ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), TEXT), min_size=1, max_size=12)
STEP = st.tuples(st.sampled_from(["mend", "bulk"]), st.integers(1, 12), st.sampled_from("abcxyz"), TEXT)


@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(rows=ROWS, steps=st.lists(STEP, max_size=3), mode=st.sampled_from(["append", "replace"]))
def test_whatever_is_mended_rows_add_up_and_none_is_there_twice(rows: Any, steps: Any, mode: str) -> None:
    name = f"sales{uuid4().hex}"
    make_dataset(name, SALES, mode=mode)
    batch = load(name, b"id,currency\n" + "".join(f"{one},{text}\n" for one, text in rows).encode())
    for what, row, new_id, currency in steps:
        take_step(batch, what, row, {"id": new_id, "currency": currency})
    rows_in, valid, rejected = counters(batch)
    numbers = [one[1] for one in stored(name)]
    assert rows_in == valid + rejected == len(rows)
    assert len(numbers) == len(set(numbers)) == valid
    assert sorted([*numbers, *(one.row for one in rejects_of(batch))]) == list(range(1, rows_in + 1))
    assert in_files(name) == stored(name)
    assert len({one[2] for one in stored(name)}) == valid
    with db.transaction() as session:
        summary = datasets.summary(session, SYSTEM, batch_id=batch.id)
    assert summary.failures == sum(one.rows for one in summary.by_reason) == read_batch(batch.id).failures
    assert summary.failures == sum(len(one.failures) for one in rejects_of(batch))


def take_step(batch: Batch, what: str, row: int, values: dict[str, str]) -> None:
    try:
        if what == "bulk":
            replay(batch, edits=[{"column": "currency", "value": values["currency"], "trim": True}])
        else:
            with db.transaction() as session:
                datasets.replay_reject(session, SYSTEM, f"{batch.id}.{row}", Mend(values=values))
    except AppError:
        pass  # stored already, or no reject at all
