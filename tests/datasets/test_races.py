"""Two people at once: neither order of locks may end in a deadlock, and every count stays what the tables hold."""

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from app.core import db, storage
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.datasets import service as datasets
from app.datasets.access import access_batch
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Batch, DatasetChange, Mend, ReplayRequest
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, receive, rows_of

pytestmark = pytest.mark.usefixtures("database")
SKU: dict[str, Any] = {"name": "sku", "required": True}
STRICT = [SKU, {"name": "price", "type": "decimal", "decimals": 2, "min": 0}]
LOOSE = [SKU, {"name": "price", "type": "decimal", "decimals": 2}]
FILE = b"sku,price\na,1\nb,-1\nc,-2\nd,4\ne,x\n"
Work = Callable[[], Any]


def at_once(*works: Work) -> list[BaseException | None]:
    """What each one ended with."""
    start = threading.Barrier(len(works))

    def run(work: Work) -> None:
        start.wait()
        work()

    with ThreadPoolExecutor(len(works)) as threads:
        return [one.exception() for one in [threads.submit(run, work) for work in works]]


def as_someone(act: Callable[..., Any], *facts: Any) -> Work:
    def work() -> None:
        with db.transaction() as session:
            act(session, SYSTEM, *facts)

    return work


def holds_together(name: str) -> None:
    """Rows of the table = rows_valid = rows of the live files; nothing twice; nothing lost."""
    with db.transaction() as session:
        live = datasets.live_files(session, SYSTEM, name)
        [counted] = [one.rows for one in datasets.datasets(session, SYSTEM) if one.name == name]
        batches = [one for one in datasets.batches(session, SYSTEM, name).items if one.status == "published"]
        table = sa.table(f"d_{live.dataset_id.hex}", sa.column("_batch"), sa.column("_row"), schema="data")
        kept = sorted(tuple(one) for one in session.execute(sa.select(table.c._batch, table.c._row)))
    frames = [pl.read_parquet(io.BytesIO(storage.read(key))).select("_batch", "_row") for key in live.files]
    assert kept == sorted(pl.concat(frames).rows() if frames else [])
    assert len(set(kept)) == len(kept) == counted == sum(one.rows_valid for one in batches)
    assert all(one.rows_in == one.rows_valid + one.rows_rejected for one in batches)


def refusals(errors: list[BaseException | None]) -> list[str]:
    assert [error for error in errors if error is not None and not isinstance(error, AppError)] == []
    return [type(error).__name__ for error in errors if error is not None]


def loosened(batch: Batch) -> None:
    with db.transaction() as session:
        change = DatasetChange.model_validate({"definition": {"columns": LOOSE}})
        datasets.change_dataset(session, SYSTEM, "prices", change)


def prices() -> Batch:
    make_dataset("prices", STRICT)
    return load("prices", FILE)


def test_a_job_and_a_person_who_mend_the_same_row_store_it_once() -> None:
    batch = prices()
    loosened(batch)
    as_someone(datasets.replay_batch, batch.id, ReplayRequest())()
    mend = as_someone(datasets.replay_reject, f"{batch.id}.2", Mend(values={"price": "7"}))
    assert set(refusals(at_once(lambda: work_off(HANDLERS), mend))) <= {"AlreadyReplayed"}
    holds_together("prices")
    assert read_batch(batch.id).rows_valid == 4


def test_a_dataset_is_deleted_while_one_of_its_batches_is_undone() -> None:
    """The person who undoes has the batch and waits for the dataset: deletion must not have that one and wait back."""
    batch = prices()
    has_batch = threading.Event()

    def undo() -> None:
        with db.transaction() as session:
            access_batch(session, SYSTEM, batch.id, write=True)
            has_batch.set()
            wait_for_a_blocked_one()
            datasets.undo_batch(session, SYSTEM, batch.id)

    def delete() -> None:
        has_batch.wait(120)
        as_someone(datasets.delete_dataset, "prices")()

    assert refusals(at_once(undo, delete)) == []


def wait_for_a_blocked_one() -> None:
    blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    for _ in range(12_000):
        with db.transaction() as session:
            if session.scalar(sa.text(blocked)):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_a_batch_is_undone_while_its_row_is_mended() -> None:
    batch = prices()
    mend = as_someone(datasets.replay_reject, f"{batch.id}.2", Mend(values={"price": "7"}))
    refusals(at_once(as_someone(datasets.undo_batch, batch.id), mend))
    holds_together("prices")
    assert rows_of("prices") == []


def test_of_two_who_change_everything_one_waits() -> None:
    prices()
    change = DatasetChange.model_validate({"definition": {"columns": LOOSE}, "apply": "everything"})
    again = as_someone(datasets.change_dataset, "prices", change)
    assert refusals(at_once(again, again)) == ["BeingRevalidated"]
    work_off(HANDLERS)
    holds_together("prices")


def test_a_change_of_everything_meets_a_row_that_is_mended() -> None:
    batch = prices()
    change = DatasetChange.model_validate({"definition": {"columns": LOOSE}, "apply": "everything"})
    mend = as_someone(datasets.replay_reject, f"{batch.id}.2", Mend(values={"price": "7"}))
    errors = at_once(as_someone(datasets.change_dataset, "prices", change), mend)
    assert set(refusals(errors)) <= {"NotMendable", "RulesChanged"}
    work_off(HANDLERS)
    holds_together("prices")
    assert read_batch(batch.id).rows_valid == 4


def test_a_file_that_arrives_while_everything_is_changed_is_neither_lost_nor_doubled() -> None:
    prices()
    change = DatasetChange.model_validate({"definition": {"columns": LOOSE}, "apply": "everything"})
    arrives = lambda: receive("prices", b"sku,price\nz,1\n", "more.csv")  # noqa: E731
    refusals(at_once(as_someone(datasets.change_dataset, "prices", change), arrives))
    work_off(HANDLERS)
    holds_together("prices")
