"""Features hear that a run of theirs ended without a result, in the transaction that ends it, whoever ends it.

They may refuse that it is started again.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.jobs.tables import RunRow

Tell = Callable[[Session, UUID, dict[str, Any], str], None]
Check = Callable[[Session, dict[str, Any]], None]

log = structlog.stdlib.get_logger(__name__)
_told: dict[str, Tell] = {}
_checks: dict[str, Check] = {}


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


def check_before_retry(job: str, check: Check) -> None:
    """`check` is given the arguments of the run, and raises a Conflict that names the way out when nothing is left that
    the run could do. To be called where `tell_when_stopped` is."""
    _checks[job] = check


def check_retry(db: Session, row: RunRow) -> None:
    if row.job in _checks:
        _checks[row.job](db, row.args)
