"""Features hear that a run of theirs ended without a result, in the transaction that ends it, whoever ends it."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

Tell = Callable[[Session, dict[str, Any], str], None]

log = structlog.stdlib.get_logger(__name__)
_told: dict[str, Tell] = {}


def tell_when_stopped(job: str, tell: Tell) -> None:
    """`tell` is given the arguments of each run of this job that failed or was cancelled, and the reason for people.

    To be called where the module of the job is imported: by the worker, and by whoever enqueues it. What it does must
    be short, and harmless when done again.
    """
    _told[job] = tell


def tell_stopped(db: Session, job: str, args: dict[str, Any], reason: str) -> None:
    """A database that is busy or away undoes the end of the run, too, and both are tried again; a defect does not."""
    if job not in _told:
        return
    try:
        with db.begin_nested():
            _told[job](db, args, reason)
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise
    except Exception:
        log.exception("not told that its run has ended", job=job)
