"""The long work of this feature, for the worker."""

from typing import Any

from app.jobs.context import Handler, JobContext, limited, turned_away

HOURS = 3600.0


def refuse_file(ctx: JobContext, reason: str) -> str:
    from app.datasets.ingest import refuse_batch  # noqa: PLC0415

    refuse_batch(ctx, reason)
    return "Load the file again."


@turned_away(refuse_file)
@limited(wall_seconds=4 * HOURS, memory_mb=2048)
def ingest(ctx: JobContext) -> dict[str, Any]:
    from app.datasets.ingest import ingest_batch  # noqa: PLC0415  Polars must not load where jobs are only listed

    return ingest_batch(ctx)


HANDLERS: dict[str, Handler] = {"datasets.ingest": ingest}
