"""A run as server-sent events: each step once, in order, also over lost connections; then its end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from uuid import UUID

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from app.core import db
from app.core.actor import Actor
from app.jobs import service
from app.jobs.schemas import RunStatus, Step

POLL_SECONDS = 0.3
QUIET_SECONDS = 15.0  # proxies close connections that say nothing
LONGEST_SECONDS = 600.0  # then the reader comes back with its last id, and is asked again who it is


async def follow(actor: Actor, run_id: UUID, after: int) -> AsyncIterator[str]:
    """`after` is the id of the last step seen. Asynchronous, because a waiting reader must not hold a thread."""
    started = said = time.monotonic()
    yield "retry: 1000\n\n"
    while time.monotonic() - started < LONGEST_SECONDS:
        try:
            status, steps = await run_in_threadpool(_news, actor, run_id, after)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError):
            return  # the reader comes back
        for step in steps:
            after = step.id
            yield _event("step", step.model_dump_json(), step.id)
        if status.is_final and not steps:
            yield _event("end", json.dumps({"status": status}), after)
            return
        if steps:
            said = time.monotonic()
            continue
        if time.monotonic() - said > QUIET_SECONDS:
            said = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(POLL_SECONDS)


def _news(actor: Actor, run_id: UUID, after: int) -> tuple[RunStatus, list[Step]]:
    with db.transaction() as session:
        return service.steps_after(session, actor, run_id, after)


def _event(name: str, content: str, step_id: int) -> str:
    return f"id: {step_id}\nevent: {name}\ndata: {content}\n\n"
