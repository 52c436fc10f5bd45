"""SIGTERM and the end of the parent: running jobs are finished, given back or killed, never stuck."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import StartWorker, child_of, enqueue, read, until, written

pytestmark = pytest.mark.crash


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


def test_the_product_worker_says_ready_and_leaves_when_its_parent_is_gone(database: str) -> None:
    ours, theirs = os.pipe()
    environment = {**os.environ, "DB_URL": database, "WORKERS": "0"}
    command = [sys.executable, "-m", "app.worker", "--parent-fd", str(ours)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[ours], env=environment) as worker:
        os.close(ours)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "worker ready\n"
        os.close(theirs)
        assert worker.wait(5) == 1
