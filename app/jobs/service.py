"""Durable runs. The queue library is only the alarm clock: the truth is the row in `runs`."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.jobs.schemas import Run


def enqueue(
    db: Session,
    actor: Actor,
    job: str,
    args: dict[str, Any],
    *,
    title: str,
    unique_key: str | None = None,
    priority: int = 0,
    run_at: datetime | None = None,
    max_attempts: int = 3,
) -> Run:
    """In the caller's transaction: commit = enqueued, rollback = never was. An existing `unique_key` gives that run."""
    raise NotImplementedError
