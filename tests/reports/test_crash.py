"""A report survives the death of the process that makes it."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import sqlalchemy as sa

from app.core import storage
from app.core.db import transaction
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.reports import service as reports
from app.reports.tables import ReportRow
from app.templates.schemas import Template
from tests.reports.conftest import World
from tests.reports.material import BLOCKS


@pytest.fixture
def worker(database: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.jobs.worker_process", database, "3", "app.reports.jobs:HANDLERS"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "worker ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.crash
def test_a_killed_generation_ends_with_one_complete_report(
    world: World, make_template: Callable[..., Template], worker: subprocess.Popen[str]
) -> None:
    many = [{**BLOCKS[4], "id": f"chart_{number}"} for number in range(40)]
    template = make_template(world.author, many, "Many")
    with transaction() as db:
        asked = reports.request_report(db, world.author, template.id, {})
    killed = kill_at_work(worker, asked.job_id)
    run = jobs.wait_for(asked.job_id, 40)
    assert killed
    assert run.status is RunStatus.completed
    assert run.attempt > 1
    with transaction() as db:
        made = reports.report(db, world.author, asked.id)
        assert len(reports.report_content(db, world.author, asked.id).blocks) == len(many)
        assert reports.report_pdf(db, world.author, asked.id).startswith(b"%PDF")
        assert db.scalar(sa.select(sa.func.count()).select_from(ReportRow)) == 1
    assert made.status is RunStatus.completed
    assert len(storage.filesystem().get_file_info(storage_folder(f"reports/{asked.id}"))) == 2


def kill_at_work(worker: subprocess.Popen[str], run_id: object) -> int:
    """Waits until some blocks are done, then kills every child of the worker as the kernel would."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with transaction() as db:
            progress = db.scalar(sa.text("select progress from runs where id = :id"), {"id": run_id}) or 0
        if 0.1 < progress < 0.7:
            busy = [
                child for child in psutil.Process(worker.pid).children(recursive=True) if child.cpu_times().user > 0.2
            ]
            for child in busy:
                child.kill()
            return len(busy)
        time.sleep(0.02)
    raise AssertionError("the run never got to work")


def storage_folder(path: str) -> object:
    from pyarrow import fs

    return fs.FileSelector(path)
