"""One attempt, from claim to final state: the same code in a worker's child and in the calling process."""

import json
import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pydantic_core import to_json
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.children import load
from app.core.errors import AppError
from app.jobs.claim import OUR_SIDE, Claim, RunLost, end, fail, give_back, hold
from app.jobs.context import START_AGAIN, Handler, JobContext, RunCancelled
from app.jobs.schemas import RunStatus

# Whoever looks at a page is served first; an idle machine works as fast as ever.
BACKGROUND = 10
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Done:
    result: dict[str, Any] | None
    partial_reason: str | None = None


@dataclass(frozen=True)
class Refused:
    """An AppError: trying again would not help, and its text is meant for people."""

    message: str


@dataclass(frozen=True)
class Broken:
    """A defect or an outage: tried again; the text is for administrators only."""

    traceback: str
    reason: str = OUR_SIDE


@dataclass(frozen=True)
class Cancelled:
    pass


@dataclass(frozen=True)
class GivenBack:
    pass


Outcome = Done | Refused | Broken | Cancelled | GivenBack


def perform(claim: Claim, handlers: Mapping[str, Handler]) -> Outcome:
    """Runs the handler and turns whatever happens into an outcome. Raises RunLost only."""
    try:
        if claim.job not in handlers:
            return Refused(f"This installation knows no job named {claim.job}.")
        handler = handlers[claim.job]
        try:
            context = JobContext(claim, _actor(claim.person_id))
        except accounts.Deactivated as refusal:
            return _turn_away(claim, handler, refusal)
        result = handler(context)
        return Done(_storable(result), context.partial_reason)
    except AppError as error:
        return Refused(error.message)
    except RunCancelled:
        return Cancelled()
    except MemoryError:
        return Refused("This needs more memory than a run may use. Try it with less data.")
    except RunLost:
        raise
    except Exception:
        return Broken(traceback.format_exc())


def _storable(result: Any) -> Any:
    """JSON as PostgreSQL takes it: without the NUL character and without numbers that are none."""
    return json.loads(to_json(result, inf_nan_mode="null").replace(rb"\u0000", rb"\ufffd"))


def perform_in_child(url: str, claim: Claim, handlers: str) -> Outcome | RunLost:
    """The target of a worker's child. A lost run is a value, because nothing went wrong here."""
    os.nice(BACKGROUND)
    db.configure(url)
    structlog.contextvars.bind_contextvars(run_id=str(claim.run_id))
    try:
        return perform(claim, load(handlers))
    except RunLost as lost:
        return lost
    finally:
        db.engine().dispose()


def settle(session: Session, claim: Claim, outcome: Outcome) -> None:
    """The final state (or the next attempt) in the caller's transaction. Raises RunLost."""
    row = hold(session, claim)
    match outcome:
        case Done(result, None):
            row.result = result
            end(session, row, RunStatus.completed, "Completed")
        case Done(result, reason):
            row.result = result
            end(session, row, RunStatus.partial, "Completed in part", error=reason)
        case Refused(message):
            end(session, row, RunStatus.failed, "Failed", error=message)
        case Broken(text, reason):
            fail(session, row, text, reason)
            log.error("attempt failed", run_id=str(row.id), job=row.job, error_id=row.error_id, traceback=text)
        case Cancelled():
            end(session, row, RunStatus.cancelled, "Cancelled")
        case GivenBack():
            give_back(session, row)


def _turn_away(claim: Claim, handler: Handler, refusal: AppError) -> Refused:
    """Nothing is done in the name of somebody who was shut out since; what waits for this run is told why."""
    reason = f"{refusal.message} Nothing is done in their name any more."
    tell = getattr(handler, "turned_away", None)
    way_out = tell(JobContext(claim, SYSTEM), reason) if tell else START_AGAIN
    return Refused(f"{reason} {way_out}")


def _actor(person_id: UUID | None) -> Actor:
    """With the role of now, whatever it was when the run was asked for. Raises Deactivated."""
    with db.transaction() as session:
        return accounts.acting(session, person_id)
