"""Schedules over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.schedules import service as schedules
from app.schedules.schemas import Fire, Preview, Schedule, ScheduleChange, ScheduleCreate, Timing

router = APIRouter(tags=["schedules"])


@router.get("/schedules")
def list_schedules(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Schedule]:
    """By name, each with its next run."""
    return schedules.schedules(db, caller, limit=limit, cursor=cursor)


@router.post("/schedules", status_code=201)
def create_schedule(db: Db, caller: Caller, new: ScheduleCreate) -> Schedule:
    """`payload` says what to make and who gets it."""
    return schedules.create_schedule(db, caller, new)


@router.get("/schedules/preview")
def preview_schedule(
    _caller: Caller, cron: str, zone: str = "UTC", count: Annotated[int, Query(ge=1, le=50)] = 5
) -> Preview:
    """The next runs of a cron expression, in its zone and in UTC."""
    return schedules.preview(Timing(cron=cron, zone=zone), count)


@router.get("/schedules/{schedule_id}")
def read_schedule(db: Db, caller: Caller, schedule_id: UUID) -> Schedule:
    """When it runs, what it makes and who gets it."""
    return schedules.schedule(db, caller, schedule_id)


@router.patch("/schedules/{schedule_id}")
def change_schedule(db: Db, caller: Caller, schedule_id: UUID, change: ScheduleChange) -> Schedule:
    """A new timing counts from now. 409 when `version` is no longer the latest."""
    return schedules.change_schedule(db, caller, schedule_id, change)


@router.delete("/schedules/{schedule_id}", status_code=204)
def delete_schedule(db: Db, caller: Caller, schedule_id: UUID) -> None:
    """What it made stays."""
    schedules.delete_schedule(db, caller, schedule_id)


@router.post("/schedules/{schedule_id}/run", status_code=202)
def run_schedule(db: Db, caller: Caller, schedule_id: UUID) -> Fire:
    """`job_id` is the job to follow."""
    return schedules.run_now(db, caller, schedule_id)


@router.post("/schedules/{schedule_id}/pause")
def pause_schedule(db: Db, caller: Caller, schedule_id: UUID) -> Schedule:
    """No run starts by itself until it is resumed."""
    return schedules.pause_schedule(db, caller, schedule_id)


@router.post("/schedules/{schedule_id}/resume")
def resume_schedule(db: Db, caller: Caller, schedule_id: UUID) -> Schedule:
    """Goes on with the next run from now; what was missed stays missed."""
    return schedules.resume_schedule(db, caller, schedule_id)


@router.get("/schedules/{schedule_id}/fires")
def list_fires(db: Db, caller: Caller, schedule_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Fire]:
    """What it started, newest first."""
    return schedules.fire_history(db, caller, schedule_id, limit=limit, cursor=cursor)
