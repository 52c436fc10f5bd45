"""The long work of this feature, for the worker."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.jobs.context import Handler, JobContext, limited, turned_away
from app.jobs.stopped import check_before_retry, tell_when_stopped

HOURS = 3600.0
INGEST = "datasets.ingest"


def refuse_file(ctx: JobContext, reason: str) -> str:
    from app.datasets.ingest import refuse_batch  # noqa: PLC0415

    refuse_batch(ctx, reason)
    return "Load the file again."


@turned_away(refuse_file)
@limited(wall_seconds=4 * HOURS, memory_mb=2048)
def ingest(ctx: JobContext) -> dict[str, Any]:
    from app.datasets.ingest import ingest_batch  # noqa: PLC0415  Polars must not load where jobs are only listed

    return ingest_batch(ctx)


def refuse_change(ctx: JobContext, _reason: str) -> str:
    from app.datasets.versions.revalidate import refuse_change  # noqa: PLC0415

    refuse_change(ctx)
    return "Make the change again."


@turned_away(refuse_change)
@limited(wall_seconds=12 * HOURS, memory_mb=2048)
def revalidate(ctx: JobContext) -> dict[str, Any]:
    from app.datasets.versions.revalidate import revalidate as read_all_again  # noqa: PLC0415

    return read_all_again(ctx)


@limited(wall_seconds=4 * HOURS, memory_mb=2048)
def replay(ctx: JobContext) -> dict[str, Any]:
    from app.datasets.rejects.bulk import replay as replay_rejects  # noqa: PLC0415

    return replay_rejects(ctx)


@limited(wall_seconds=4 * HOURS, memory_mb=2048)
def correct(ctx: JobContext) -> dict[str, Any]:
    from app.datasets.rejects.correct import correct as correct_rejects  # noqa: PLC0415

    return correct_rejects(ctx)


def stop_loading(db: Session, run_id: UUID, args: dict[str, Any], reason: str) -> None:
    from app.datasets.stopped import stop_loading as say_so  # noqa: PLC0415

    say_so(db, int(args["batch_id"]), run_id, reason)


def refuse_undone(db: Session, args: dict[str, Any]) -> None:
    from app.datasets.stopped import refuse_undone as refuse  # noqa: PLC0415

    refuse(db, int(args["batch_id"]))


check_before_retry(INGEST, refuse_undone)
tell_when_stopped(INGEST, stop_loading)
HANDLERS: dict[str, Handler] = {
    "datasets.replay": replay,
    "datasets.correct": correct,
    INGEST: ingest,
    "datasets.revalidate": revalidate,
}
