"""The worker's main loop: hears alarms, gives each run a thread, shows that it lives, and rescues runs of the dead.

The queue library is given a new App after every outage: it does not survive one that outlasts its connection pool.
"""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
import sqlalchemy as sa
import structlog
from procrastinate.connector import Notify
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import children, db
from app.jobs import rescue
from app.jobs.alarm import QUEUE, TASK
from app.jobs.attend import AWAY, Attendant, Stop, WorkerOptions
from app.jobs.tables import WorkerRow

POLL_SECONDS = 1.0  # alarms set for later do not notify
POOL_TIMEOUT_SECONDS = 5.0
REBUILD_SECONDS = 1.0
CLOSE_ALARMS_SECONDS = 0.5
LAST_SECONDS = 2.0

log = structlog.stdlib.get_logger(__name__)


def serve(options: WorkerOptions, *, on_ready: Callable[[], None], on_outage: Callable[[], None]) -> None:
    """Until SIGTERM or SIGINT. Returns when every run has ended or was given back."""
    _prepare_children(options)
    worker = _Worker(options, on_ready, on_outage)
    try:
        asyncio.run(worker.run())
    finally:
        children.kill_all()


class _Worker:
    def __init__(self, options: WorkerOptions, on_ready: Callable[[], None], on_outage: Callable[[], None]) -> None:
        self._options = options
        self._on_ready, self._on_outage = on_ready, on_outage
        self._stop = Stop()
        self._attendant = Attendant(options, self._stop)
        self._threads = ThreadPoolExecutor(options.concurrency, thread_name_prefix="run")
        self._is_ready = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_forgotten)
        stopping = asyncio.Event()

        def ask_to_stop() -> None:
            self._stop.ask(self._options.drain_seconds)
            stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ask_to_stop)
        pulse = threading.Thread(target=self._pulse, name="pulse", daemon=True)
        pulse.start()
        while not stopping.is_set():
            await self._hear_alarms(stopping)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REBUILD_SECONDS)
        await self._drain()

    async def _hear_alarms(self, stopping: asyncio.Event) -> None:
        """Returns after an outage, or when asked to stop."""
        app = procrastinate.App(connector=_Connector(self._say_ready, db.psycopg_dsn(db.database_url())))
        app.task(name=TASK, queue=QUEUE, pass_context=True)(self._wake)
        try:
            async with app.open_async():
                hearing = asyncio.create_task(
                    app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=self._options.concurrency,
                        install_signal_handlers=False,
                        delete_jobs="always",
                        fetch_job_polling_interval=POLL_SECONDS,
                        update_heartbeat_interval=self._options.beat_seconds,
                        stalled_worker_timeout=self._options.stale_seconds,
                        shutdown_graceful_timeout=CLOSE_ALARMS_SECONDS,
                    )
                )
                asked = asyncio.create_task(stopping.wait())
                await asyncio.wait({hearing, asked}, return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                hearing.cancel()
                await hearing
        except asyncio.CancelledError:
            return
        except Exception as error:
            log.warning("queue away, connecting again", reason=repr(error.__cause__ or error))

    async def _wake(self, context: procrastinate.JobContext, run_id: str) -> None:
        """Cancelled when this App goes; the thread goes on, because the run does not depend on its alarm."""
        assert context.job.id is not None
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._attendant.attend, UUID(run_id), context.job.id)

    def _say_ready(self) -> None:
        if not self._is_ready:
            self._is_ready = True
            self._on_ready()

    async def _drain(self) -> None:
        """The threads see the deadline themselves; one that hangs in the network is left behind."""
        done = threading.Thread(target=self._threads.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        done.start()
        await asyncio.to_thread(done.join, self._options.drain_seconds + LAST_SECONDS)
        with contextlib.suppress(*AWAY):
            await asyncio.to_thread(_forget_worker, self._attendant.worker_id)
        if done.is_alive():
            children.kill_all()
            os._exit(1)

    def _pulse(self) -> None:
        """After an outage, a freeze or a night in suspend everybody gets time to answer before runs are taken over."""
        patient_until = last = rescued = 0.0
        while not self._stop.asked.wait(self._options.beat_seconds):
            now = time.time()
            if last and now - last > self._options.stale_seconds / 2:
                patient_until = now + self._options.stale_seconds
            last = now
            try:
                with db.transaction() as session:
                    self._show_alive(session)
                if now >= max(patient_until, rescued + self._options.stale_seconds / 4):
                    _rescue(self._options.stale_seconds)
                    rescued = now
            except AWAY as error:
                log.warning("database away", reason=type(error).__name__)
                patient_until = time.time() + self._options.stale_seconds
                self._on_outage()

    def _show_alive(self, session: Session) -> None:
        now = sa.func.clock_timestamp()
        row = insert(WorkerRow).values(
            id=self._attendant.worker_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            concurrency=self._options.concurrency,
            started_at=now,
            heartbeat_at=now,
        )
        session.execute(row.on_conflict_do_update(index_elements=[WorkerRow.id], set_={"heartbeat_at": now}))


class _Connector(procrastinate.PsycopgConnector):
    def __init__(self, on_listening: Callable[[], None], dsn: str) -> None:
        options = {"application_name": "autoreport:worker", "connect_timeout": 5}
        super().__init__(conninfo=dsn, kwargs=options, min_size=1, max_size=4, timeout=POOL_TIMEOUT_SECONDS)
        self._on_listening = on_listening

    async def _loop_notify(
        self, on_notification: Notify, connection: psycopg.AsyncConnection[Any], *args: Any, **options: Any
    ) -> None:
        """The library calls this when LISTEN is in force."""
        self._on_listening()
        await super()._loop_notify(on_notification, connection, *args, **options)


def _rescue(stale_seconds: float) -> None:
    with db.transaction() as session:
        rescue.close_orphans(session, stale_seconds)
    for rescue_one in (rescue.rescue_run, rescue.rescue_alarm):
        while True:
            with db.transaction() as session:
                if not rescue_one(session, stale_seconds):
                    break


def _forget_worker(worker_id: UUID) -> None:
    with db.transaction() as session:
        session.execute(sa.delete(WorkerRow).where(WorkerRow.id == worker_id))


def _prepare_children(options: WorkerOptions) -> None:
    """A supervisor may send SIGTERM to every process of the group: only this one shall act on it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        children.prepare(options.handlers.partition(":")[0], "app.jobs.warm")
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_forgotten(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An alarm that could not be closed, as after an outage, is closed by the rescue."""
    log.warning("alarm not closed", reason=repr(context.get("exception") or context.get("message")))


__all__ = ["WorkerOptions", "serve"]
