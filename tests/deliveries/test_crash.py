"""The sender is killed at the worst moments. What the ledger says afterwards is true, and nothing is sent twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app.core import clock, db, storage
from app.core.actor import SYSTEM
from app.core.settings import settings
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import State
from app.jobs import service as jobs
from app.jobs.claim import give_back
from app.jobs.schemas import RunStatus
from app.jobs.tables import RunRow
from app.jobs.work_off import run_inline
from app.schedules import service as schedules
from tests.deliveries.orders import START, ledger, make_account, make_schedule, make_template
from tests.smtp_server import Authority, FaultServer

ROOT = Path(__file__).resolve().parents[2]
ANNA, BEN = "anna@example.com", "ben@example.com"
SENDER = """
import sys
from uuid import UUID
from app.core import db
from app.deliveries.jobs import HANDLERS
from app.jobs.work_off import run_inline
db.configure(sys.argv[1])
run_inline(UUID(sys.argv[2]), HANDLERS)
"""

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.crash]


@pytest.fixture
def run_id(database: str, authority: Authority, faults: FaultServer) -> UUID:
    """A run that will send to two people by the fault server."""
    with clock.use(clock.FixedClock(START)):
        account = make_account(faults.port, authority)
        made = make_schedule(make_template(), [ANNA, BEN], smtp_account_id=str(account.id))
    with db.transaction() as session:
        found = schedules.run_now(session, SYSTEM, made.id).run_id
    assert found
    return found


@pytest.fixture
def faults(authority: Authority) -> Iterator[FaultServer]:
    with FaultServer(authority) as server:
        yield server


def sender(database: str, run_id: UUID) -> subprocess.Popen[bytes]:
    """Another process that works on the run, with the storage and the keys of this one."""
    given = {"DATA_DIR": str(settings().data_dir), "SMTP_ENV_KEY": settings().smtp_env_key.get_secret_value()}
    return subprocess.Popen(
        [sys.executable, "-c", SENDER, database, str(run_id)], cwd=ROOT, env={**os.environ, **given}
    )


def kill(running: subprocess.Popen[bytes]) -> None:
    running.send_signal(signal.SIGKILL)
    running.wait(120)


def take_over(run_id: UUID) -> RunStatus:
    """What the supervisor does with the run of a dead worker: it is given back, and somebody else takes it."""
    with db.transaction() as session:
        give_back(session, session.get_one(RunRow, run_id))
    return run_inline(run_id, HANDLERS).status


def test_killed_after_the_dot_is_unknown_and_not_sent_again(database: str, run_id: UUID, faults: FaultServer) -> None:
    faults.answers["dot"] = "hang"
    running = sender(database, run_id)
    assert faults.dot_came.wait(120)
    kill(running)
    assert [row.state for row in ledger()] == [State.sending, State.queued]
    faults.answers.clear()
    assert take_over(run_id) is RunStatus.partial
    assert [(row.state, row.attempt) for row in ledger()] == [(State.unknown, 1), (State.sent, 1)]
    assert faults.recipients == [ANNA, BEN]
    assert len(faults.stored) == 2


def test_killed_before_the_dot_is_sent_exactly_once_by_the_next_attempt(
    database: str, run_id: UUID, faults: FaultServer
) -> None:
    faults.answers["data"] = "hang"
    running = sender(database, run_id)
    assert faults.data_came.wait(120)
    kill(running)
    assert ledger()[0].state is State.sending
    assert faults.stored == []
    faults.answers.clear()
    assert take_over(run_id) is RunStatus.completed
    assert [(row.state, row.attempt) for row in ledger()] == [(State.sent, 2), (State.sent, 1)]
    assert faults.stored == [storage.read(row.eml_key or "") for row in ledger()]


def test_a_sender_that_was_frozen_and_replaced_sends_nothing_more(
    database: str, run_id: UUID, faults: FaultServer
) -> None:
    faults.answers["data"] = "wait"
    running = sender(database, run_id)
    assert faults.data_came.wait(120)
    running.send_signal(signal.SIGSTOP)
    del faults.answers["data"]
    assert take_over(run_id) is RunStatus.completed
    running.send_signal(signal.SIGCONT)
    faults.go_on.set()
    running.wait(120)
    assert [row.state for row in ledger()] == [State.sent, State.sent]
    assert len(faults.stored) == 2, "the frozen one found that the run is no longer its own, before the dot"


def test_a_run_that_is_made_again_after_success_sends_nothing(run_id: UUID, faults: FaultServer) -> None:
    assert run_inline(run_id, HANDLERS).status is RunStatus.completed
    with db.transaction() as session:
        row = session.get_one(RunRow, run_id)
        row.status = RunStatus.failed
    with db.transaction() as session:
        jobs.retry_run(session, SYSTEM, run_id)
    assert run_inline(run_id, HANDLERS).status is RunStatus.completed
    assert len(faults.stored) == 2
