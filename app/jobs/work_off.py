"""Runs executed in the calling process, through the very claim, fence and finish code of the worker.

For commands such as `autoreport ingest`, and for tests of features: no mock, no worker, real rows.
Needs a database that `app.core.db` points at and committed rows (in tests: the fixture `database`):

    with db.transaction() as session:
        run = jobs.enqueue(session, SYSTEM, "datasets.ingest", {...}, title="Load sales.csv")
    run = run_inline(run.id, HANDLERS)          # this one, now
    runs = work_off(HANDLERS)                   # all that are due, also those enqueued meanwhile

Retries wait for their time: move `FixedClock` on and call `work_off` again. There is no child process, so limits on
memory and time do not apply, and a crash is a crash of the caller.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa

from app.core import clock, db
from app.core.actor import SYSTEM
from app.jobs import service
from app.jobs.alarm import drop_alarm
from app.jobs.claim import Claim, RunLost, beat, claim
from app.jobs.context import Handler
from app.jobs.execute import perform, settle
from app.jobs.schemas import Run, RunStatus
from app.jobs.tables import RunRow

BEAT_SECONDS = 1.0


def run_inline(run_id: UUID, handlers: Mapping[str, Handler]) -> Run:
    """Executes this run if nobody else has it, and returns it as it is then."""
    with db.transaction() as session:
        claimed = claim(session, run_id)
        if claimed:
            drop_alarm(session, session.scalar(sa.select(RunRow.alarm_id).where(RunRow.id == run_id)))
    if claimed:
        _attempt(claimed, handlers)
    with db.transaction() as session:
        return service.run(session, SYSTEM, run_id)


def work_off(handlers: Mapping[str, Handler]) -> list[Run]:
    """Executes every run that is due, highest priority first, until none is left."""
    done = []
    while (run_id := _next_due()) is not None:
        done.append(run_inline(run_id, handlers))
    return done


def _next_due() -> UUID | None:
    with db.transaction() as session:
        return session.scalar(
            sa.select(RunRow.id)
            .where(RunRow.status == RunStatus.pending, RunRow.run_at <= clock.now())
            .order_by(RunRow.priority.desc(), RunRow.run_at, RunRow.created_at, RunRow.id)
            .limit(1)
        )


def _attempt(claimed: Claim, handlers: Mapping[str, Handler]) -> None:
    try:
        with _beating(claimed):
            outcome = perform(claimed, handlers)
        with db.transaction() as session:
            settle(session, claimed, outcome)
    except RunLost:
        return


@contextmanager
def _beating(claimed: Claim) -> Iterator[None]:
    """Workers nearby must see that this run is alive."""
    stop = threading.Event()

    def keep_alive() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                with db.transaction() as session:
                    beat(session, claimed)
            except (RunLost, sa.exc.DBAPIError, sa.exc.TimeoutError):
                continue  # the attempt itself finds out when it writes

    thread = threading.Thread(target=keep_alive, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
