"""Where a newer file writes over an older one, the files of a source are loaded one after the other."""

import time
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core import clock
from app.core.actor import Actor
from app.datasets import service as datasets
from app.jobs import service as jobs
from app.jobs.context import JobContext
from app.sources.tables import ItemRow

PATIENCE_SECONDS, POLL_SECONDS = 20.0, 0.5
PAUSE = timedelta(seconds=20)


def is_its_turn(ctx: JobContext, source_id: UUID, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether all that this source brought before is loaded. Waits a while: most files are loaded within seconds."""
    until = time.monotonic() + patience
    while _is_loading(ctx, source_id):
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def pull_again(ctx: JobContext, owner: Actor, source_id: UUID, name: str, *, at_once: bool) -> None:
    """Goes on with the next file; later when the last one is still being loaded, so that a worker is free for that."""
    args = {"source_id": str(source_id), "again": bool(ctx.args.get("again"))}
    with ctx.transaction() as db:
        jobs.enqueue(
            db,
            owner,
            "sources.pull",
            args,
            title=f"Pull {name}",
            unique_key=f"pull:{source_id}:after:{ctx.run_id}",
            run_at=None if at_once else clock.now() + PAUSE,
        )


def _is_loading(ctx: JobContext, source_id: UUID) -> bool:
    """Only the newest can be."""
    with ctx.transaction() as db:
        newest = sa.select(ItemRow.batch_ids).where(ItemRow.source_id == source_id, ItemRow.batch_ids != [])
        batches = db.scalar(newest.order_by(ItemRow.seen_at.desc(), ItemRow.id.desc()).limit(1)) or []
        return any(one.status == "loading" for one in datasets.batch_figures(db, batches).values())
