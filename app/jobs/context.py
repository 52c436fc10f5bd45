"""What a job handler is given: its arguments, on whose behalf it works, and fenced ways to write and to report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock, db
from app.core.actor import Actor
from app.core.children import Limits
from app.jobs.claim import Claim, RunLost, add_step, hold

__all__ = ["START_AGAIN", "Handler", "JobContext", "RunCancelled", "RunLost", "limited", "turned_away"]


START_AGAIN = "An administrator can start this again, in their own name."


class RunCancelled(Exception):
    """Somebody asked to stop this run."""


class JobContext:
    """A handler may be killed at any instruction and is then run again from its start, with the same arguments."""

    def __init__(self, claim: Claim, actor: Actor) -> None:
        self.run_id: UUID = claim.run_id
        self.attempt: int = claim.attempt
        self.args: dict[str, Any] = claim.args
        self.actor = actor
        self.partial_reason: str | None = None
        self._claim = claim

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commits only if this attempt still owns the run at that moment; raises RunLost and rolls back otherwise."""
        with db.transaction() as session:
            yield session
            session.flush()
            hold(session, self._claim)

    def step(self, message: str, progress: float | None = None) -> None:
        """Visible to users at once. Progress goes from 0 to 1; a smaller value than before is kept at the old one."""
        with db.transaction() as session:
            self.step_within(session, message, progress)

    def step_within(self, session: Session, message: str, progress: float | None = None) -> None:
        """The same as part of what the caller commits, which is given up when the run is to stop."""
        row = hold(session, self._claim)
        if row.cancel_requested:
            raise RunCancelled
        if progress is not None:
            reached = min(max(progress, 0.0), 1.0)
            row.progress = max(row.progress, reached)
            if reached > row.attempt_progress:
                row.attempt_progress, row.progress_at = reached, clock.now()
        add_step(session, row, message)

    def partial(self, reason: str) -> None:
        """The work is done, but not all of it: the run will end as `partial`, with this reason as its error."""
        self.partial_reason = reason


Handler = Callable[[JobContext], dict[str, Any] | None]


def limited(*, wall_seconds: float, memory_mb: int = 2048) -> Callable[[Handler], Handler]:
    """Limits of this handler in a worker, other than the usual ones."""

    def decorate(handler: Handler) -> Handler:
        handler.limits = Limits(wall_seconds, memory_mb)  # type: ignore[attr-defined]
        return handler

    return decorate


def turned_away(tell: Callable[[JobContext, str], str]) -> Callable[[Handler], Handler]:
    """When a run may not even begin, `tell` notes the reason where people wait for it, and returns the way out."""

    def decorate(handler: Handler) -> Handler:
        handler.turned_away = tell  # type: ignore[attr-defined]
        return handler

    return decorate
