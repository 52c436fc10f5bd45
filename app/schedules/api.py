"""Schedules over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.schedules import service
from app.schedules.schemas import Fire, Preview, Schedule, ScheduleChange, ScheduleCreate, Timing

router = APIRouter(tags=["schedules"])


@router.get("/schedules")
def list_schedules(db: Db, actor: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Schedule]:
    return service.schedules(db, actor, limit=limit, cursor=cursor)


@router.post("/schedules", status_code=201)
def create_schedule(db: Db, actor: Caller, new: ScheduleCreate) -> Schedule:
    return service.create_schedule(db, actor, new)


@router.get("/schedules/preview")
def preview_schedule(
    _actor: Caller, cron: str, zone: str = "UTC", count: Annotated[int, Query(ge=1, le=50)] = 5
) -> Preview:
    return service.preview(Timing(cron=cron, zone=zone), count)


@router.get("/schedules/{schedule_id}")
def read_schedule(db: Db, actor: Caller, schedule_id: UUID) -> Schedule:
    return service.schedule(db, actor, schedule_id)


@router.patch("/schedules/{schedule_id}")
def change_schedule(db: Db, actor: Caller, schedule_id: UUID, change: ScheduleChange) -> Schedule:
    return service.change_schedule(db, actor, schedule_id, change)


@router.delete("/schedules/{schedule_id}", status_code=204)
def delete_schedule(db: Db, actor: Caller, schedule_id: UUID) -> None:
    service.delete_schedule(db, actor, schedule_id)


@router.post("/schedules/{schedule_id}/run", status_code=202)
def run_schedule(db: Db, actor: Caller, schedule_id: UUID) -> Fire:
    """`run_id` is the job to follow."""
    return service.run_now(db, actor, schedule_id)


@router.post("/schedules/{schedule_id}/pause")
def pause_schedule(db: Db, actor: Caller, schedule_id: UUID) -> Schedule:
    return service.pause_schedule(db, actor, schedule_id)


@router.post("/schedules/{schedule_id}/resume")
def resume_schedule(db: Db, actor: Caller, schedule_id: UUID) -> Schedule:
    return service.resume_schedule(db, actor, schedule_id)


@router.get("/schedules/{schedule_id}/fires")
def list_fires(db: Db, actor: Caller, schedule_id: UUID, limit: Limit = 20, cursor: str | None = None) -> Page[Fire]:
    return service.fire_history(db, actor, schedule_id, limit=limit, cursor=cursor)
