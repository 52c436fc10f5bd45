"""Monitoring over HTTP."""

from fastapi import APIRouter

from app.accounts.web import Caller, Db
from app.monitoring import service as monitoring
from app.monitoring.schemas import JobStarted, System

router = APIRouter(tags=["monitoring"])


@router.get("/system")
def read_system(db: Db, caller: Caller) -> System:
    """Versions, database, queue, workers, disk and memory; for administrators."""
    return monitoring.system(db, caller)


@router.post("/audit/verify", status_code=202)
def verify_audit(db: Db, caller: Caller) -> JobStarted:
    """Starts a job that recomputes the hash chain; it fails when the trail is not intact; for administrators."""
    return JobStarted(job_id=monitoring.request_audit_check(db, caller).id)
