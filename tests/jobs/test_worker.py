"""What one worker does with runs: failures, limits, cancel. It lives through all of these tests."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock, db
from app.core.actor import SYSTEM
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import PATIENCE, attempts_written, child_of, enqueue, is_gone, messages, read, until

Worker = subprocess.Popen[str]

pytestmark = pytest.mark.usefixtures("shared_worker")


def test_an_idle_worker_starts_a_new_run_within_a_second() -> None:
    waited = []
    while not waited or min(waited) >= 1:
        assert len(waited) < 60, f"seconds until the start: {waited}"
        run = jobs.wait_for(enqueue("test.write_down"), PATIENCE)
        assert (run.status, attempts_written(run.id)) == (RunStatus.completed, [1])
        assert run.started_at is not None
        waited.append((run.started_at - run.created_at).total_seconds())


def test_a_run_set_for_later_waits_for_its_time() -> None:
    due = clock.now() + timedelta(seconds=1.5)
    run = jobs.wait_for(enqueue("test.write_down", run_at=due), PATIENCE)
    assert run.started_at is not None
    assert run.started_at >= due


@pytest.mark.crash
def test_a_job_that_kills_its_process_fails_after_its_attempts_and_the_worker_lives(shared_worker: Worker) -> None:
    poison = jobs.wait_for(enqueue("test.crash", max_attempts=2), PATIENCE)
    assert (poison.status, poison.attempt) == (RunStatus.failed, 2)
    assert "SIGSEGV" in (poison.traceback or "")
    assert "SIGSEGV" not in (poison.error or "")
    assert jobs.wait_for(enqueue("test.write_down"), PATIENCE).status == RunStatus.completed
    assert shared_worker.poll() is None


@pytest.mark.crash
def test_a_child_that_is_killed_is_replaced_and_the_work_is_done_once(shared_worker: Worker, tmp_path: Path) -> None:
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child_of(shared_worker).kill()
    (tmp_path / "go").touch()
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    assert attempts_written(run_id) == [2]


def test_a_run_that_fails_twice_succeeds_at_the_third_attempt() -> None:
    run = jobs.wait_for(enqueue("test.break_twice"), PATIENCE)
    assert (run.status, run.attempt, run.error) == (RunStatus.completed, 3, None)
    failures = [message for message in messages(run.id) if "failed" in message]
    assert [message.rpartition("next in ")[2] for message in failures] == ["1 s", "2 s"]


def test_a_run_that_hangs_fails_at_its_limit() -> None:
    run = jobs.wait_for(enqueue("test.hang"), PATIENCE)
    assert (run.status, run.error) == (RunStatus.failed, "Stopped after 1 s, the longest that this may take.")


def test_a_run_that_eats_memory_fails_and_says_so() -> None:
    run = jobs.wait_for(enqueue("test.eat_memory"), PATIENCE)
    assert (run.status, run.attempt) == (RunStatus.failed, 1)
    assert "more memory than a run may use" in (run.error or "")


def test_cancelling_a_running_job_stops_it(shared_worker: Worker, tmp_path: Path) -> None:
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "never")})
    until(lambda: read(run_id).progress == 0.5)
    child = child_of(shared_worker)
    with db.transaction() as session:
        jobs.cancel_run(session, SYSTEM, run_id)
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.cancelled
    until(lambda: is_gone(child))
    assert attempts_written(run_id) == []
