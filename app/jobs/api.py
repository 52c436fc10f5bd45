"""Runs over HTTP. Outside, a run is called a job."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.jobs import service as jobs
from app.jobs.follow import follow
from app.jobs.schemas import Run, RunStatus

router = APIRouter(tags=["jobs"])

LastEventId = Annotated[int, Header(alias="Last-Event-ID", ge=0, description="Go on after this step")]


@router.get("/jobs")
def list_jobs(
    db: Db,
    caller: Caller,
    status: RunStatus | None = None,
    job: str | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[Run]:
    """Newest first: your own; administrators see everybody's."""
    return jobs.list_runs(db, caller, status=status, job=job, limit=limit, cursor=cursor)


@router.get("/jobs/{job_id}")
def read_job(db: Db, caller: Caller, job_id: UUID) -> Run:
    """Status, progress, time left, steps, and what came out."""
    return jobs.access_run(db, caller, job_id)


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events `step` and, last, `end`"}},
)
def follow_job(db: Db, caller: Caller, job_id: UUID, last_event_id: LastEventId = 0) -> StreamingResponse:
    """Server-sent events. After a lost connection send `Last-Event-ID` and miss nothing."""
    jobs.access_run(db, caller, job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(follow(caller, job_id, last_event_id), media_type="text/event-stream", headers=headers)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(db: Db, caller: Caller, job_id: UUID) -> Run:
    """A running one is stopped within about a second: read it again, or follow its events."""
    return jobs.cancel_run(db, caller, job_id)


@router.post("/jobs/{job_id}/retry", status_code=202)
def retry_job(db: Db, caller: Caller, job_id: UUID) -> Run:
    """From the beginning; only one that failed, ended in part or was cancelled, and whose file was not undone since."""
    return jobs.retry_run(db, caller, job_id)


@router.delete("/jobs/{job_id}", status_code=204)
def delete_job(db: Db, caller: Caller, job_id: UUID) -> None:
    """Only one that is over; what it made stays."""
    jobs.delete_run(db, caller, job_id)
