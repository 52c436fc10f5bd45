"""Features may refuse that a run of theirs is started again, where nothing is left that it could do."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.jobs.tables import RunRow

Check = Callable[[Session, dict[str, Any]], None]

_checks: dict[str, Check] = {}


def check_before_retry(job: str, check: Check) -> None:
    """`check` is given the arguments of the run and raises a Conflict that names the way out.

    To be called where the module of the job is imported, as in `stopped`.
    """
    _checks[job] = check


def check_retry(db: Session, row: RunRow) -> None:
    if row.job in _checks:
        _checks[row.job](db, row.args)
