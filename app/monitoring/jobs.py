"""Runs of this feature: reading everything there is takes its time."""

from typing import Any

from app.audit import service as audit
from app.core.errors import Conflict
from app.jobs.context import Handler, JobContext
from app.monitoring.service import AUDIT_CHECK


class TrailNotIntact(Conflict):
    """The audit trail is not what was written."""


def verify_audit(ctx: JobContext) -> dict[str, Any]:
    with ctx.transaction() as db:
        found = audit.verify(db)
    if found.fault:
        raise TrailNotIntact(f"The audit trail is NOT intact. {found.fault.text}")
    return {"entries": found.length, "head": found.head}


HANDLERS: dict[str, Handler] = {AUDIT_CHECK: verify_audit}
