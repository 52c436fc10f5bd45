"""Runs of this feature."""

from typing import Any
from uuid import UUID

from app.jobs.context import Handler, JobContext
from app.reports import service as reports
from app.reports.generate import generate


def generate_report(ctx: JobContext) -> dict[str, Any]:
    report_id = UUID(ctx.args["report_id"])
    generate(ctx, report_id)
    with ctx.transaction() as db:
        made = reports.report(db, ctx.actor, report_id)
    if made.failed_blocks:
        ctx.partial(made.error or f"{made.failed_blocks} blocks failed.")
    return {"report_id": str(report_id), "failed_blocks": made.failed_blocks}


HANDLERS: dict[str, Handler] = {"reports.generate": generate_report}
