"""Is everything up, and how much of everything is there?"""

import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version

import psutil
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import sealed, storage
from app.core.actor import Actor, Role, require_role
from app.core.db import transaction
from app.core.sealed import Rotation
from app.core.settings import settings
from app.jobs import service as jobs
from app.jobs.schemas import Run
from app.monitoring import queries
from app.monitoring.schemas import Check, Database, Memory, Readiness, Space, System

AUDIT_CHECK = "monitoring.verify_audit"
OK, DEGRADED, DOWN = "ok", "degraded", "down"


def readiness() -> Readiness:
    """Opens its own transactions: a database that is away is an answer here, not an error."""
    checks = [_checked("database", _database), _checked("queue", _queue), _checked("storage", _storage)]
    seen = {check.status for check in checks}
    status = next((status for status in (DOWN, DEGRADED) if status in seen), OK)
    return Readiness(status=status, checks=checks)


def system(db: Session, actor: Actor) -> System:
    """For administrators: it names hosts and sizes."""
    require_role(actor, Role.admin)
    disk = shutil.disk_usage(settings().data_dir)
    memory = psutil.virtual_memory()
    return System(
        version=version("autoreport"),
        python=platform.python_version(),
        streamlit=version("streamlit"),
        started_at=datetime.fromtimestamp(psutil.Process().create_time(), UTC),
        unreadable_secrets=sealed.unreadable(db),
        database=Database(**queries.database(db), embedded=settings().embedded, tables=queries.largest_tables(db)),
        queue=queries.queue_depth(db),
        workers=queries.workers_alive(db),
        disk=Space(total=disk.total, free=disk.free),
        memory=Memory(total=memory.total, available=memory.available, used_here=_memory_used_here()),
    )


def request_audit_check(db: Session, actor: Actor) -> Run:
    """The whole trail is read, so it is a job; it fails when the trail is not intact."""
    require_role(actor, Role.admin)
    audit.record(db, actor, Action.trail_verified, "audit trail")
    return jobs.enqueue(db, actor, AUDIT_CHECK, {}, title="Verify the audit trail")


def last_audit_check(db: Session, actor: Actor) -> Run | None:
    require_role(actor, Role.admin)
    found = jobs.list_runs(db, actor, job=AUDIT_CHECK, limit=1).items
    return found[0] if found else None


def rotate_secrets(actor: Actor) -> Rotation:
    """In transactions of its own: the product goes on working meanwhile."""
    require_role(actor, Role.admin)
    done = sealed.rotate()
    with transaction() as db:
        audit.record(db, actor, Action.secrets_rotated, "stored secrets", **asdict(done))
    return done


def unreadable_in_words(found: dict[str, int]) -> list[str]:
    return [f"{what}: {count} cannot be read with the present keys; enter them again" for what, count in found.items()]


def _checked(name: str, check: Callable[[], Check | None]) -> Check:
    try:
        return check() or Check(name=name, status=OK)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        reason = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        return Check(name=name, status=DOWN, detail=reason[0])


def _database() -> None:
    with transaction() as db:
        db.execute(sa.text("select 1"))


def _queue() -> Check | None:
    """Work can be queued as long as the tables answer; without a worker it only waits."""
    with transaction() as db:
        queries.queue_depth(db)
        workers = queries.workers_alive(db)
    if settings().workers and not workers:
        seconds = queries.ALIVE_SECONDS
        return Check(name="queue", status=DEGRADED, detail=f"no worker was seen in the last {seconds:.0f} seconds")
    return None


def _storage() -> None:
    storage.check()


def _memory_used_here() -> int:
    here = psutil.Process()
    used = 0
    for one in [here, *here.children(recursive=True)]:
        try:
            used += one.memory_info().rss
        except psutil.NoSuchProcess:  # it ended while we were counting
            continue
    return used
