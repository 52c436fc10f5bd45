"""A load whose job ends without a result: its batch says so, and can go on, be sent again or be taken back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, db, storage
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.errors import AppError
from app.datasets import cut_blocks
from app.datasets import service as datasets
from app.datasets.ingest import ingest_batch
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Batch, DatasetChange, DatasetSchema
from app.datasets.stopped import GivenUp, Undone
from app.jobs import service as jobs
from app.jobs.attend import KILLED
from app.jobs.claim import claim
from app.jobs.context import JobContext
from app.jobs.execute import Broken, Refused, settle
from app.jobs.rescue import rescue_run
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, receive, rows_of, texts

pytestmark = pytest.mark.usefixtures("database", "data_dir")
Death = Callable[[Batch], None]


def killed(batch: Batch) -> None:
    """The system ends the child at every attempt."""
    assert batch.run_id
    for attempt in range(3):
        with db.transaction() as session, clock.use(FixedClock(clock.now() + timedelta(hours=attempt))):
            claimed = claim(session, batch.run_id)
            assert claimed
            settle(session, claimed, Broken("the child process died: SIGKILL", KILLED))


def too_slow(batch: Batch) -> None:
    assert batch.run_id
    with db.transaction() as session:
        claimed = claim(session, batch.run_id)
        assert claimed
        settle(session, claimed, Refused("Stopped after 4 s, the longest that this may take."))


def abandoned(batch: Batch) -> None:
    """The whole worker dies at every attempt."""
    assert batch.run_id
    for _ in range(3):
        with db.transaction() as session:
            assert claim(session, batch.run_id)
        with db.transaction() as session:
            assert rescue_run(session, 0)


def cancelled(batch: Batch) -> None:
    assert batch.run_id
    with db.transaction() as session:
        jobs.cancel_run(session, SYSTEM, batch.run_id)


def stopped(content: bytes = b"a\n1\n") -> Batch:
    make_dataset("notes", texts("a"))
    batch = receive("notes", content)
    killed(batch)
    return read_batch(batch.id)


def upload_of(batch: Batch) -> str:
    with db.transaction() as session:
        return str(session.scalar(sa.text("select upload_key from batches where id = :id"), {"id": batch.id}))


def is_kept(key: str) -> bool:
    return key in {kept for kept, _ in storage.listed("uploads")}


def traces(batch: Batch) -> list[int]:
    """What lies in the database of it, seen or not."""
    asked = [
        f"select count(*) from {one} where batch_id = {batch.id}" for one in ("raw_blocks", "rejects", "data_files")
    ]
    asked.append(f"select count(*) from pg_class where relname like 'd\\_%\\_b{batch.id}%'")
    with db.transaction() as session:
        return [session.scalar(sa.text(sql)) or 0 for sql in asked]


def retry(batch: Batch) -> str | None:
    assert batch.run_id
    with db.transaction() as session:
        jobs.retry_run(session, SYSTEM, batch.run_id)
    [run] = work_off(HANDLERS)
    return run.error


@pytest.mark.parametrize(
    ("dies", "reason"),
    [
        (killed, "The system ended the process that worked on this. It may need too much memory."),
        (too_slow, "Stopped after 4 s"),
        (abandoned, "The worker stopped while it worked on this, 3 times."),
        (cancelled, "It was cancelled."),
    ],
    ids=["killed", "too slow", "abandoned", "cancelled"],
)
def test_it_fails_with_its_job_says_why_and_loads_when_the_job_is_started_again(dies: Death, reason: str) -> None:
    make_dataset("notes", texts("a"))
    batch = receive("notes", b"a\n1\n")
    dies(batch)
    seen = read_batch(batch.id)
    assert (seen.status, seen.may_go_on, rows_of("notes")) == ("failed", True, [])
    assert seen.error
    assert seen.error.startswith(reason)
    assert seen.error.endswith("Start its job again, send the file again, or undo it.")
    assert retry(batch) is None
    seen = read_batch(batch.id)
    assert (seen.status, seen.error, seen.may_go_on, rows_of("notes")) == ("published", None, False, [["1"]])


def breaks(ctx: JobContext) -> dict[str, Any]:
    """Three blocks in each attempt."""
    left, step = [0, 1, 2], ctx.step_within

    def counted(session: Session, message: str, progress: float | None = None) -> None:
        left.pop()
        step(session, message, progress)

    ctx.step_within = counted  # type: ignore[method-assign]
    return ingest_batch(ctx)


def test_what_was_stored_before_it_stopped_is_seen_by_nobody_and_not_stored_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", 16)
    make_dataset("notes", [{"name": "a", "type": "integer"}])
    batch = receive("notes", b"a\n" + b"".join(b"%d\nx\n" % number for number in range(100)))
    for hours in range(3):
        with clock.use(FixedClock(clock.now() + timedelta(hours=hours))):
            [run] = work_off({"datasets.ingest": breaks})
    seen = read_batch(batch.id)
    assert (run.status, seen.status, rows_of("notes")) == ("failed", "failed", [])
    assert 0 < seen.rows_in < 200
    with db.transaction() as session:
        assert datasets.summary(session, SYSTEM, dataset="notes").rows_rejected == 0
    assert retry(batch) is None
    seen = read_batch(batch.id)
    assert (seen.rows_in, seen.rows_valid, seen.rows_rejected) == (200, 100, 100)
    assert rows_of("notes") == [[number] for number in range(100)]


def test_cancelling_it_on_its_way_leaves_nothing_and_undoing_it_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", 16)
    make_dataset("notes", [{"name": "a", "type": "integer"}])
    batch = receive("notes", b"a\n" + b"".join(b"%d\nx\n" % number for number in range(100)))

    def cancelled_on_its_way(ctx: JobContext) -> dict[str, Any]:
        step = ctx.step_within

        def cancel_before(session: Session, message: str, progress: float | None = None) -> None:
            if read_batch(batch.id).rows_in:
                cancelled(batch)
            step(session, message, progress)

        ctx.step_within = cancel_before  # type: ignore[method-assign]
        return ingest_batch(ctx)

    [run] = work_off({"datasets.ingest": cancelled_on_its_way})
    seen = read_batch(batch.id)
    assert (run.status, seen.status, seen.rows_in > 0, rows_of("notes")) == ("cancelled", "failed", True, [])
    assert 0 not in traces(batch)
    with db.transaction() as session:
        datasets.undo_batch(session, SYSTEM, batch.id)
    assert traces(batch) == [0, 0, 0, 0]


def test_the_same_file_sent_again_goes_on_with_it() -> None:
    batch = stopped()
    again = receive("notes", b"a\n1\n")
    assert (again.id, again.status) == (batch.id, "loading")
    assert receive("notes", b"a\n1\n").status == "duplicate"
    work_off(HANDLERS)
    assert (read_batch(batch.id).status, rows_of("notes")) == ("published", [["1"]])


def test_whoever_may_change_the_dataset_lets_it_go_on_at_once() -> None:
    batch = stopped()
    with db.transaction() as session:
        again = datasets.load_again(session, SYSTEM, batch.id)
    assert (again.status, again.error, again.run_id != batch.run_id) == ("loading", None, True)
    with db.transaction() as session, pytest.raises(GivenUp):
        datasets.load_again(session, SYSTEM, batch.id)
    work_off(HANDLERS)
    assert rows_of("notes") == [["1"]]


def test_the_end_of_an_older_job_does_not_stop_the_one_that_loads() -> None:
    make_dataset("notes", texts("a"))
    batch = receive("notes", b"a\n1\n")
    cancelled(batch)
    again = receive("notes", b"a\n1\n")
    assert batch.run_id
    with db.transaction() as session:
        jobs.retry_run(session, SYSTEM, batch.run_id)
        jobs.cancel_run(session, SYSTEM, batch.run_id)
    assert read_batch(again.id).status == "loading"
    cancelled(again)
    assert retry(batch) is None
    assert read_batch(batch.id).run_id == batch.run_id


def test_undoing_it_while_it_loads_ends_its_job_without_another_attempt() -> None:
    make_dataset("notes", texts("a"))
    batch = receive("notes", b"a\n1\n")

    def undone_meanwhile(ctx: JobContext) -> dict[str, Any]:
        transaction = ctx.transaction

        def undo_before() -> AbstractContextManager[Session]:
            if 0 < (seen := read_batch(batch.id)).progress < 1 and seen.status == "loading":
                with db.transaction() as session:
                    datasets.undo_batch(session, SYSTEM, batch.id)
            return transaction()

        ctx.transaction = undo_before  # type: ignore[method-assign, assignment]
        return ingest_batch(ctx)

    [run] = work_off({"datasets.ingest": undone_meanwhile})
    assert (run.status, run.attempt, run.result and run.result["status"]) == ("completed", 1, "undone")
    assert (read_batch(batch.id).status, rows_of("notes")) == ("undone", [])


def test_it_can_be_undone_and_then_nothing_is_left_to_start() -> None:
    batch = stopped()
    key = upload_of(batch)
    assert is_kept(key)
    with db.transaction() as session:
        assert datasets.undo_batch(session, SYSTEM, batch.id).status == "undone"
    assert not is_kept(key)
    with pytest.raises(Undone, match=rf"Batch {batch.id} \(.+\) was undone.+ Send the file again"):
        retry(batch)
    assert load("notes", b"a\n1\n").id > batch.id


def test_under_a_schema_of_later_it_does_not_go_on() -> None:
    batch = stopped()
    wanted = DatasetChange(definition=DatasetSchema.model_validate({"columns": texts("b")}))
    with db.transaction() as session:
        datasets.change_dataset(session, SYSTEM, "notes", wanted)
    assert retry(batch) == "The schema of notes was changed since this load stopped. Send the file again."
    assert read_batch(batch.id).status == "failed"


def test_a_refused_load_is_refused_again() -> None:
    make_dataset("notes", texts("a", "b"))
    batch = receive("notes", b"a,b\n1,2\n")
    storage.delete(upload_of(batch))
    work_off(HANDLERS)
    refused = read_batch(batch.id)
    assert (refused.status, refused.may_go_on) == ("failed", False)
    assert retry(batch) == refused.error
    with db.transaction() as session, pytest.raises(AppError):
        datasets.undo_batch(session, SYSTEM, batch.id)


def test_after_a_day_the_sweep_throws_away_what_it_kept() -> None:
    batch = stopped()
    key = upload_of(batch)
    with db.transaction() as session, clock.use(FixedClock(clock.now() + timedelta(days=2))):
        datasets.sweep_daily(session)
    assert not is_kept(key)
    seen = read_batch(batch.id)
    assert (seen.status, seen.may_go_on) == ("failed", False)
    assert (seen.error or "").endswith(". Send the file again.")
    assert retry(batch) == seen.error
