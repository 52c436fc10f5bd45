"""The long work of this feature, for the worker."""

from typing import Any

from app.jobs.context import Handler, JobContext, limited, turned_away

LONGEST_SECONDS = 2 * 3600.0


def refuse_to_pull(ctx: JobContext, reason: str) -> str:
    from app.sources.pull import note_refusal  # noqa: PLC0415

    note_refusal(ctx, reason)
    return "Hand the source over to somebody else, and pull again."


@turned_away(refuse_to_pull)
@limited(wall_seconds=LONGEST_SECONDS, memory_mb=2048)
def pull(ctx: JobContext) -> dict[str, Any]:
    from app.sources.pull import pull_source  # noqa: PLC0415  connectors load where they work

    return pull_source(ctx)


HANDLERS: dict[str, Handler] = {"sources.pull": pull}
