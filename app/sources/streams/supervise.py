"""In each worker: a child process for each stream that nobody follows, begun again after whatever befell it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.core import db
from app.core.child_process import Limits, Options, Returned
from app.core.children import Child
from app.sources.streams import lease as leases
from app.sources.streams.lease import Lease

KINDS = ["kafka"]
LOOK_SECONDS = 1.0
# On a busy machine a process may take longer to its first beat than a silent one is waited for. Begun again at once, it
# would never get there.
START_SECONDS = 60.0
MOST = 8
TARGET = "app.sources.streams.follow:follow"
# A child that grew old is replaced: memory that a library loses comes back.
LIMITS = Limits(wall_seconds=24 * 3600, memory_mb=1536, cpu_seconds=24 * 3600)
STOPPED = "It stopped unexpectedly and is begun again."
log = structlog.stdlib.get_logger(__name__)


@contextmanager
def followers(at_most: int = MOST) -> Iterator[None]:
    """While the block lasts."""
    supervisor = Supervisor(at_most)
    thread = threading.Thread(target=supervisor.run, name="streams", daemon=True)
    thread.start()
    try:
        yield
    finally:
        supervisor.stop.set()
        thread.join(LOOK_SECONDS * 5)
        supervisor.end_all()


class Supervisor:
    def __init__(self, at_most: int) -> None:
        self.stop = threading.Event()
        self._at_most = at_most
        self._children: dict[Lease, Child] = {}
        self._starting: dict[Lease, float] = {}  # until when it is kept for its child

    def run(self) -> None:
        while not self.stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except sa.exc.DBAPIError as error:
                log.warning("database away", reason=type(error).__name__)
            except Exception:
                log.exception("streams are not looked after")

    def look(self) -> None:
        """Buries who died, then begins what nobody follows."""
        for lease, child in list(self._children.items()):
            if child.wait(0):
                self._bury(lease, child)
        free = self._at_most - len(self._children)
        with db.transaction() as session:
            self._keep_starting(session)
            claimed = leases.claim(session, KINDS, at_most=free) if free > 0 else []
        for lease in claimed:
            self._begin(lease)

    def _keep_starting(self, session: Session) -> None:
        now, alive = time.monotonic(), self._children
        self._starting = {lease: end for lease, end in self._starting.items() if lease in alive and now < end}
        if self._starting:
            leases.keep(session, self._starting)

    def end_all(self) -> None:
        """What they had stored is stored; what not, is read again."""
        for lease, child in list(self._children.items()):
            child.kill()
            self._give_back(lease, None)
        self._children.clear()

    def _begin(self, lease: Lease) -> None:
        try:
            self._children[lease] = Child(TARGET, (db.database_url(), lease), LIMITS, Options(ignore_terminate=True))
            self._starting[lease] = time.monotonic() + START_SECONDS
        except (OSError, EOFError):
            log.exception("no child process could be started", source_id=str(lease.source_id))
            self._give_back(lease, STOPPED)

    def _bury(self, lease: Lease, child: Child) -> None:
        """A follower that returned has given its lease back by itself."""
        ending = child.ending()
        child.kill()
        del self._children[lease]
        if not isinstance(ending, Returned):
            log.error("follower died", source_id=str(lease.source_id), ending=repr(ending)[:2000])
            self._give_back(lease, STOPPED)

    def _give_back(self, lease: Lease, trouble: str | None) -> None:
        try:
            with db.transaction() as session:
                leases.give_back(session, lease, trouble)
        except sa.exc.DBAPIError as error:
            log.warning("database away", reason=type(error).__name__)
