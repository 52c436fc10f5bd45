"""Features hear that a run of theirs ended without a result, in the transaction that ends it, whoever ends it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.jobs.tables import RunRow

Tell = Callable[[Session, UUID, dict[str, Any], str], None]

log = structlog.stdlib.get_logger(__name__)
_told: dict[str, Tell] = {}


def tell_when_stopped(job: str, tell: Tell) -> None:
    """`tell` is given each run of this job that failed or was cancelled, its arguments, and the reason for people.

    To be called where the module of the job is imported: by the worker, and by whoever enqueues it. What it does must
    be short, and harmless when done again.
    """
    _told[job] = tell


def tell_stopped(db: Session, row: RunRow) -> None:
    """A database that is busy or away undoes the end of the run, too, and both are tried again; a defect does not."""
    if row.job not in _told:
        return
    try:
        with db.begin_nested():
            _told[row.job](db, row.id, row.args, row.error or "It was cancelled.")
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise
    except Exception:
        log.exception("not told that its run has ended", job=row.job)
