"""The database goes away and comes back: the worker stays, and works on."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import db, migrations
from app.core.postgres import EmbeddedPostgres
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import PATIENCE, a_worker, enqueue, read, until, written
from tests.jobs.handlers import DONE

AWAY_SECONDS = 8  # longer than the connection pool of the queue library waits

pytestmark = pytest.mark.crash


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "pg")
    url = server.start()
    migrations.upgrade(url)
    db.configure(url)
    with db.transaction() as session:
        session.execute(sa.text(DONE))
    yield server
    db.engine().dispose()
    db.engine.cache_clear()
    server.stop()


@pytest.fixture
def worker(server: EmbeddedPostgres) -> Iterator[subprocess.Popen[str]]:
    with a_worker(server.url) as worker:
        yield worker


def kill_server(server: EmbeddedPostgres) -> None:
    pid = int((server.root / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: not server.answers())


def test_a_worker_outlives_an_outage_and_its_running_job_is_done_once(
    server: EmbeddedPostgres, worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    running = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")}, max_attempts=5)
    until(lambda: read(running).progress == 0.5)
    waiting = enqueue("test.write_down")
    until(lambda: read(waiting).status == RunStatus.completed)
    kill_server(server)
    time.sleep(AWAY_SECONDS)  # real time: the time-outs of sockets and pools are what is tested
    (tmp_path / "go").touch()
    server.start()
    assert jobs.wait_for(running, PATIENCE).status == RunStatus.completed
    later = enqueue("test.write_down")
    assert jobs.wait_for(later, PATIENCE).status == RunStatus.completed
    assert sorted(run_id for run_id, _ in written()) == sorted([running, waiting, later])
    assert worker.poll() is None
