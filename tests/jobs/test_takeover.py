"""Workers that die, freeze or share: nothing is lost, nothing is done twice."""

import signal
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import db
from app.jobs import service as jobs
from app.jobs.rescue import TAKEN_OVER, rescue_alarm
from app.jobs.schemas import RunStatus
from tests.jobs.conftest import (
    NEVER_STALE,
    PATIENCE,
    StartWorker,
    child_of,
    enqueue,
    is_gone,
    messages,
    read,
    until,
    written,
)

pytestmark = pytest.mark.crash


def test_a_run_of_a_killed_worker_is_taken_over_and_done_once(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child = child_of(worker)
    worker.kill()
    until(lambda: is_gone(child))
    (tmp_path / "go").touch()
    start_worker()
    run = jobs.wait_for(run_id, PATIENCE)
    assert (run.status, run.attempt, written()) == (RunStatus.completed, 2, [(run_id, 2)])
    assert TAKEN_OVER in messages(run_id)


def test_a_run_whose_workers_always_die_fails_after_its_attempts(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "never")}, max_attempts=1)
    until(lambda: read(run_id).progress == 0.5)
    worker.kill()
    start_worker()
    run = jobs.wait_for(run_id, PATIENCE)
    assert (run.status, run.progress) == (RunStatus.failed, 0.5)
    assert "The worker stopped while it worked on this, 1 times." in (run.error or "")


def test_what_a_frozen_worker_and_its_child_do_after_a_takeover_is_discarded(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    frozen = start_worker()
    run_id = enqueue("test.wait_for_file", {"file": str(tmp_path / "go")})
    until(lambda: read(run_id).progress == 0.5)
    child = child_of(frozen)
    for process in (frozen, child):
        process.send_signal(signal.SIGSTOP)
    start_worker()
    until(lambda: read(run_id).attempt == 2)
    (tmp_path / "go").touch()
    for process in (child, frozen):  # now both reach for the same run
        process.send_signal(signal.SIGCONT)
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    until(lambda: is_gone(child))
    assert written() == [(run_id, 2)]
    frozen.send_signal(signal.SIGTERM)
    assert frozen.wait(PATIENCE) == 0
    assert read(run_id).attempt == 2


def test_two_workers_share_a_hundred_runs_without_losing_or_doubling_one(start_worker: StartWorker) -> None:
    run_ids = [enqueue("test.write_down") for _ in range(100)]
    start_worker(NEVER_STALE)
    start_worker(NEVER_STALE)
    until(lambda: len(written()) >= 100)
    for run_id in run_ids:
        assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    assert Counter(written()) == Counter((run_id, 1) for run_id in run_ids)
    with db.transaction() as session:
        assert session.execute(sa.text("select count(*) from procrastinate_jobs")).scalar() == 0


def test_a_waiting_run_whose_alarm_is_gone_gets_a_new_one(start_worker: StartWorker) -> None:
    run_id = enqueue("test.write_down")
    with db.transaction() as session:
        session.execute(sa.text("delete from procrastinate_jobs"))
        assert not rescue_alarm(session, stale_seconds=60)
    start_worker()
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    assert written() == [(run_id, 1)]


def test_a_run_is_done_although_the_worker_died_between_hearing_and_claiming(start_worker: StartWorker) -> None:
    """The alarm is in the hands of a worker that no longer exists; the run itself still waits."""
    run_id = enqueue("test.write_down")
    with db.transaction() as session:
        session.execute(sa.text("update procrastinate_jobs set status = 'doing'"))
    start_worker()
    assert jobs.wait_for(run_id, PATIENCE).status == RunStatus.completed
    assert written() == [(run_id, 1)]
