"""Files that nobody waits for any more: whoever wrote them was killed before a row named them."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog

from app.core import clock, storage

KEPT = timedelta(days=1)
MARKS = "sweeps"
AT_ONCE = 1000
Named = Callable[[Collection[str]], set[str]]
# No row need name what lies there; only what killed writers left beside its place goes.
WHOLE_FILES = (MARKS, "health", "reports", "deliveries")

log = structlog.stdlib.get_logger(__name__)


def sweep_daily(folder: str, named: Named) -> int:
    """How many were deleted; whoever calls, once a day. `named` says which of some keys a row still names.

    It never fails: work that went well must not end badly because of it.
    """
    earliest = clock.now() - KEPT
    try:
        swept = {key for key, swept_at in storage.listed(MARKS) if swept_at > earliest}
        due = {folder: named, **dict.fromkeys(WHOLE_FILES, _whole)}
        return sum(_sweep(one, due[one], earliest) for one in due if f"{MARKS}/{one}" not in swept)
    except OSError:
        log.exception("sweep failed", folder=folder)
        return 0


def _sweep(folder: str, named: Named, earliest: datetime) -> int:
    storage.write(f"{MARKS}/{folder}", b"", shared=True)
    return _delete_unnamed(folder, named, earliest)


def _whole(keys: Collection[str]) -> set[str]:
    return {key for key in keys if not storage.is_partial(key)}


def _delete_unnamed(folder: str, named: Named, earliest: datetime) -> int:
    old = sorted(key for key, changed_at in storage.listed(folder) if changed_at < earliest)
    unnamed: set[str] = set()
    for first in range(0, len(old), AT_ONCE):
        some = old[first : first + AT_ONCE]
        unnamed |= set(some) - named(some)
    for key in unnamed:
        storage.delete(key)
    return len(unnamed)
