"""Real workers in processes of their own."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
import sqlalchemy as sa

from app.core import db
from app.core.actor import SYSTEM
from app.jobs import service as jobs
from app.jobs.schemas import Run
from tests.conftest import created_database
from tests.jobs.handlers import DONE

STALE_SECONDS = 3.0
NEVER_STALE = 600.0  # for workers that are not to be taken for dead, however busy the machine
PATIENCE = 120.0  # a loaded machine is slow, not wrong

StartWorker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def done(database: str) -> str:
    """URL of a database in which the jobs of the tests write down what they did."""
    with db.transaction() as session:
        session.execute(sa.text(DONE))
    return database


@pytest.fixture
def start_worker(done: str) -> Iterator[StartWorker]:
    with contextlib.ExitStack() as workers:
        yield lambda *options: workers.enter_context(a_worker(done, *options))


@pytest.fixture(scope="module")
def shared_worker(server_url: str, template_database: str) -> Iterator[subprocess.Popen[str]]:
    """For tests that leave their worker alive: a start takes a second or two."""
    with created_database(server_url, f"jobs_{uuid4().hex[:12]}", template_database) as url:
        db.configure(url)
        with db.transaction() as session:
            session.execute(sa.text(DONE))
        with a_worker(url, NEVER_STALE) as worker:
            yield worker
        db.engine().dispose()
        db.engine.cache_clear()


@contextlib.contextmanager
def a_worker(
    url: str, stale_seconds: float = STALE_SECONDS, drain_seconds: float = 2
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.jobs.worker_process", url, str(stale_seconds), str(drain_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "worker ready\n"
        try:
            yield worker
        finally:
            worker.kill()


def enqueue(job: str, args: dict[str, Any] | None = None, **options: Any) -> UUID:
    with db.transaction() as session:
        return jobs.enqueue(session, SYSTEM, job, args or {}, title="A test", **options).id


def read(run_id: UUID) -> Run:
    with db.transaction() as session:
        return jobs.run(session, SYSTEM, run_id)


def messages(run_id: UUID) -> list[str]:
    return [step.message for step in read(run_id).steps]


def written() -> list[tuple[UUID, int]]:
    """Which attempts at which runs did their work."""
    with db.transaction() as session:
        return [(row.run_id, row.attempt) for row in session.execute(sa.text("select run_id, attempt from done"))]


def attempts_written(run_id: UUID) -> list[int]:
    return [attempt for written_id, attempt in written() if written_id == run_id]


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return value


def child_of(worker: subprocess.Popen[str]) -> psutil.Process:
    """The process that works on the one run of this worker: a grandchild, below the fork server."""

    def found() -> psutil.Process | None:
        with contextlib.suppress(psutil.NoSuchProcess):  # one may end while it is looked at
            servers = psutil.Process(worker.pid).children()
            alive = [child for server in servers for child in server.children() if not is_gone(child)]
            return alive[0] if alive else None
        return None

    child: psutil.Process = until(found)
    return child


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
