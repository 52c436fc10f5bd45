"""SIGTERM and the end of the parent: running jobs are finished, given back or killed, never stuck."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import PATIENCE, STALE_SECONDS, StartWorker, child_of, enqueue, is_gone, read, until, written

pytestmark = pytest.mark.crash


def test_sigterm_gives_a_running_job_back_without_counting_the_attempt(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child = child_of(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    until(lambda: is_gone(child))
    assert (read(run_id).status, read(run_id).attempt) == (RunStatus.pending, 0)
    (tmp_path / "go").touch()
    start_worker()
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    assert written() == [(run_id, 1)]


def test_sigterm_lets_a_job_finish_that_needs_a_moment_only(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker(STALE_SECONDS, PATIENCE)
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    worker.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert worker.wait(PATIENCE) == 0
    assert (read(run_id).status, written()) == (RunStatus.completed, [(run_id, 1)])


def test_the_product_worker_says_ready_and_leaves_when_its_parent_is_gone(database: str) -> None:
    ours, theirs = os.pipe()
    environment = {**os.environ, "DB_URL": database, "WORKERS": "0"}
    command = [sys.executable, "-m", "app.worker", "--parent-fd", str(ours)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[ours], env=environment) as worker:
        os.close(ours)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "worker ready\n"
        os.close(theirs)
        assert worker.wait(PATIENCE) == 1
