"""Runs of this feature."""

from typing import Any

from app.admissions.resets import RESET_JOB, send_requested_reset
from app.jobs.context import Handler, JobContext


def send_reset(ctx: JobContext) -> dict[str, Any]:
    """Says nothing about whether there was such a person: administrators can read it in the ledger of letters."""
    with ctx.transaction() as db:
        send_requested_reset(db, ctx.args["request"])
    return {}


HANDLERS: dict[str, Handler] = {RESET_JOB: send_reset}
