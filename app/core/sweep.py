"""Files that nobody waits for any more: whoever wrote them was killed before a row named them."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog

from app.core import clock, storage

KEPT = timedelta(days=1)
MARKS = "sweeps"
AT_ONCE = 1000
Named = Callable[[Collection[str]], set[str]]

log = structlog.stdlib.get_logger(__name__)


def sweep_daily(folder: str, named: Named) -> int:
    """How many were deleted; whoever calls, once a day. `named` says which of some keys a row still names.

    It never fails: work that went well must not end badly because of it.
    """
    earliest, mark = clock.now() - KEPT, f"{MARKS}/{folder}"
    try:
        if any(key == mark and swept_at > earliest for key, swept_at in storage.listed(MARKS)):
            return 0
        storage.write(mark, b"")
        return _delete_unnamed(folder, named, earliest)
    except OSError:
        log.exception("sweep failed", folder=folder)
        return 0


def _delete_unnamed(folder: str, named: Named, earliest: datetime) -> int:
    old = sorted(key for key, changed_at in storage.listed(folder) if changed_at < earliest)
    unnamed: set[str] = set()
    for first in range(0, len(old), AT_ONCE):
        some = old[first : first + AT_ONCE]
        unnamed |= set(some) - named(some)
    for key in unnamed:
        storage.delete(key)
    return len(unnamed)
