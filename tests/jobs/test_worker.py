"""One worker: runs, failures, limits, cancel, stop."""

import signal
import time
from pathlib import Path

import pytest

from app.core import db
from app.core.actor import SYSTEM
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import StartWorker, child_of, enqueue, messages, read, until, written


def test_a_run_enqueued_before_and_one_after_the_start_are_both_done(start_worker: StartWorker) -> None:
    before = enqueue("test.write_down")
    start_worker()
    after = enqueue("test.write_down")
    assert jobs.wait_for(before, 10).status == RunStatus.completed
    assert jobs.wait_for(after, 10).status == RunStatus.completed
    assert sorted(written()) == sorted([(before, 1), (after, 1)])


def test_an_idle_worker_starts_a_new_run_within_a_second(start_worker: StartWorker) -> None:
    start_worker()
    jobs.wait_for(enqueue("test.write_down"), 10)  # the first child also waits for the fork server
    run = jobs.wait_for(enqueue("test.write_down"), 10)
    assert run.started_at is not None
    assert (run.started_at - run.created_at).total_seconds() < 1


def test_a_run_set_for_later_waits_for_its_time(start_worker: StartWorker) -> None:
    start_worker()
    from datetime import timedelta

    from app.core import clock

    run = jobs.wait_for(enqueue("test.write_down", run_at=clock.now() + timedelta(seconds=1.5)), 10)
    assert run.started_at is not None
    assert (run.started_at - run.created_at).total_seconds() >= 1.4


@pytest.mark.crash
def test_a_job_that_kills_its_process_fails_after_its_attempts_and_the_worker_lives(start_worker: StartWorker) -> None:
    worker = start_worker()
    poison = jobs.wait_for(enqueue("test.crash", max_attempts=2), 15)
    assert (poison.status, poison.attempt) == (RunStatus.failed, 2)
    assert "SIGSEGV" in (poison.traceback or "")
    assert "SIGSEGV" not in (poison.error or "")
    assert jobs.wait_for(enqueue("test.write_down"), 10).status == RunStatus.completed
    assert worker.poll() is None


@pytest.mark.crash
def test_a_child_that_is_killed_is_replaced_and_the_work_is_done_once(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child_of(worker).kill()
    (tmp_path / "go").touch()
    assert jobs.wait_for(run_id, 10).status == RunStatus.completed
    assert written() == [(run_id, 2)]


def test_a_run_that_fails_twice_succeeds_at_the_third_attempt(start_worker: StartWorker) -> None:
    start_worker()
    run = jobs.wait_for(enqueue("test.break_twice"), 15)
    assert (run.status, run.attempt, run.error) == (RunStatus.completed, 3, None)
    failures = [message for message in messages(run.id) if "failed" in message]
    assert [message.rpartition("next in ")[2] for message in failures] == ["1 s", "2 s"]


def test_a_run_that_hangs_fails_at_its_limit(start_worker: StartWorker) -> None:
    start_worker()
    run = jobs.wait_for(enqueue("test.hang"), 10)
    assert (run.status, run.error) == (RunStatus.failed, "Stopped after 1 s, the longest that this may take.")


def test_a_run_that_eats_memory_fails_and_says_so(start_worker: StartWorker) -> None:
    start_worker()
    run = jobs.wait_for(enqueue("test.eat_memory"), 10)
    assert (run.status, run.attempt) == (RunStatus.failed, 1)
    assert "more memory than a run may use" in (run.error or "")


def test_cancelling_a_running_job_stops_it_within_two_seconds(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "never")})
    until(lambda: read(run_id).progress == 0.5)
    child, asked = child_of(worker), time.monotonic()
    with db.transaction() as session:
        jobs.cancel_run(session, SYSTEM, run_id)
    assert jobs.wait_for(run_id, 5).status == RunStatus.cancelled
    assert time.monotonic() - asked < 2
    until(lambda: not child.is_running())
    assert written() == []


@pytest.mark.crash
def test_sigterm_gives_a_running_job_back_without_counting_the_attempt(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child, asked = child_of(worker), time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert time.monotonic() - asked < 5
    assert not child.is_running()
    assert (read(run_id).status, read(run_id).attempt) == (RunStatus.pending, 0)
    (tmp_path / "go").touch()
    start_worker()
    assert jobs.wait_for(run_id, 10).status == RunStatus.completed
    assert written() == [(run_id, 1)]


def test_sigterm_lets_a_job_finish_that_needs_a_moment_only(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    worker.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert worker.wait(10) == 0
    assert (read(run_id).status, written()) == (RunStatus.completed, [(run_id, 1)])
