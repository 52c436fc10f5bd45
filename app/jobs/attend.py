"""One run in a worker: claim it, let a child work on it, watch over the child, write down how it ended."""

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog

from app.core import children, db
from app.core.child_process import Options
from app.core.children import Child, Died, Limits, Raised, Returned
from app.jobs.claim import Claim, RunLost, beat, claim
from app.jobs.context import Handler
from app.jobs.execute import Broken, Cancelled, GivenBack, Outcome, Refused, settle

DEFAULT_LIMITS = Limits(wall_seconds=3600, memory_mb=2048)
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
TRY_AGAIN_SECONDS = 1.0
KILLED = "The system ended the process that worked on this. It may need too much memory."

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class WorkerOptions:
    """`handlers` names a mapping as `module:NAME`, because children import it themselves."""

    handlers: str
    concurrency: int = 2
    limits: Limits = DEFAULT_LIMITS
    beat_seconds: float = 1
    stale_seconds: float = 10
    drain_seconds: float = 3


@dataclass
class Stop:
    """Set once: from then on nothing new is begun, and what runs has until `deadline`."""

    asked: Event = field(default_factory=Event)
    deadline: float = float("inf")

    def ask(self, drain_seconds: float) -> None:
        self.deadline = time.monotonic() + drain_seconds
        self.asked.set()

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self.deadline


class Attendant:
    """What the worker's threads share."""

    def __init__(self, options: WorkerOptions, stop: Stop) -> None:
        self.worker_id = uuid4()
        self._options = options
        self._stop = stop
        self._handlers: Mapping[str, Handler] = children.load(options.handlers)

    def attend(self, run_id: UUID, alarm_id: int) -> None:
        """Never raises: what fails here is logged, and the run is rescued by its missing heartbeat."""
        try:
            if self._stop.asked.is_set():
                return
            with db.transaction() as session:
                claimed = claim(session, run_id, alarm_id=alarm_id, worker_id=self.worker_id)
            if claimed:
                self._settle(claimed, self._work(claimed))
        except RunLost:
            log.warning("run lost to another worker, its result is discarded", run_id=str(run_id))
        except Exception:
            log.exception("run abandoned", run_id=str(run_id))

    def _work(self, claimed: Claim) -> Outcome:
        limits: Limits = getattr(self._handlers.get(claimed.job), "limits", self._options.limits)
        target = "app.jobs.execute:perform_in_child"
        try:
            child = Child(
                target, (db.database_url(), claimed, self._options.handlers), limits, Options(ignore_terminate=True)
            )
        except (OSError, EOFError) as error:
            return Broken(f"no child process could be started: {error!r}")
        try:
            return self._watch(child, claimed, limits)
        finally:
            child.kill()

    def _watch(self, child: Child, claimed: Claim, limits: Limits) -> Outcome:
        end = time.monotonic() + limits.wall_seconds
        while not child.wait(min(self._options.beat_seconds, end - time.monotonic(), self._stop.seconds_left)):
            if self._stop.is_due:
                return GivenBack()
            if self._is_cancelled(claimed):
                return Cancelled()
            if time.monotonic() >= end:
                return Refused(f"Stopped after {limits.wall_seconds:g} s, the longest that this may take.")
        return _outcome(child, limits)

    def _is_cancelled(self, claimed: Claim) -> bool:
        """Also the heartbeat. While the database is away the child may go on: its writes are fenced."""
        try:
            with db.transaction() as session:
                return beat(session, claimed)
        except AWAY as error:
            log.warning("no heartbeat", run_id=str(claimed.run_id), reason=type(error).__name__)
            return False

    def _settle(self, claimed: Claim, outcome: Outcome) -> None:
        while True:
            try:
                with db.transaction() as session:
                    settle(session, claimed, outcome)
                return
            except AWAY as error:
                log.warning("result not written yet", run_id=str(claimed.run_id), reason=type(error).__name__)
                if self._stop.is_due:
                    raise
                self._stop.asked.wait(TRY_AGAIN_SECONDS)


def _outcome(child: Child, limits: Limits) -> Outcome:
    match child.ending():
        case Returned(outcome) if isinstance(outcome, RunLost):
            raise outcome
        case Returned(outcome):
            return outcome  # type: ignore[no-any-return]  # what perform_in_child returns
        case Raised(out_of_memory=True):
            return Refused(f"This needs more than the {limits.memory_mb} MB of memory that a run may use.")
        case Raised(refusal, text):
            return Refused(refusal.message) if refusal else Broken(text)
        case Died(code) if code == -signal.SIGXCPU:
            return Refused("Stopped: this takes more processor time than a run may use.")
        case Died(code):
            text = f"the child process died: {children.exit_name(code)}"
            return Broken(text, KILLED) if code == -signal.SIGKILL else Broken(text)
