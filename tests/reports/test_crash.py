"""A report survives the death of the process that makes it."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from app.core import storage
from app.core.db import transaction
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.reports import service as reports
from app.reports.tables import ReportRow
from app.templates.schemas import Template
from tests.jobs.conftest import NEVER_STALE, PATIENCE, child_of, until
from tests.reports.conftest import World
from tests.reports.material import BLOCKS


@pytest.fixture
def worker(database: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "tests.jobs.worker_process",
        database,
        str(NEVER_STALE),
        "2",
        "app.reports.jobs:HANDLERS",
    ]
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
    kill_at_work(worker, asked.job_id)
    run = jobs.wait_for(asked.job_id, PATIENCE)
    assert run.status is RunStatus.completed
    assert run.attempt > 1
    with transaction() as db:
        made = reports.report(db, world.author, asked.id)
        assert len(reports.report_content(db, world.author, asked.id).blocks) == len(many)
        assert reports.report_pdf(db, world.author, asked.id).startswith(b"%PDF")
        assert db.scalar(sa.select(sa.func.count()).select_from(ReportRow)) == 1
    assert made.status is RunStatus.completed
    assert len(storage.filesystem().get_file_info(storage_folder(f"reports/{asked.id}"))) == 2


def kill_at_work(worker: subprocess.Popen[str], run_id: object) -> None:
    """After some blocks. It is killed under the lock of its run, which it needs to go on: it cannot get away."""
    progress = "select progress > 0.1 from runs where id = :id"
    until(lambda: ask(progress, run_id))
    with transaction() as db:
        status = db.scalar(sa.text("select status from runs where id = :id for update"), {"id": run_id})
        assert status == "processing", "it was done before it could be killed"
        child_of(worker).kill()


def ask(question: str, run_id: object) -> object:
    with transaction() as db:
        return db.scalar(sa.text(question), {"id": run_id})


def storage_folder(path: str) -> object:
    from pyarrow import fs

    return fs.FileSelector(path)
