"""What others see of a schedule."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.sharing.schemas import Level, ShareCreate


class Kind(StrEnum):
    cron = "cron"
    interval = "interval"
    once = "once"


class CatchUp(StrEnum):
    """What happens to runs that were missed while nothing was up: none, only the last, or every one."""

    skip = "skip"
    once = "once"
    each = "each"


class Timing(BaseModel):
    """`cron` needs cron; `interval` needs every_seconds and starts_at; `once` needs starts_at."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    kind: Kind = Kind.cron
    cron: str | None = None
    every_seconds: int | None = None
    starts_at: AwareDatetime | None = None
    zone: str = "UTC"


class ScheduleCreate(Timing):
    """Without `share_with`: everybody, or the team of whoever makes it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    what: str = "report"
    payload: dict[str, Any]
    enabled: bool = True
    catch_up: CatchUp = CatchUp.once
    grace_seconds: int = Field(300, ge=0, le=604_800)
    share_with: list[ShareCreate] | None = Field(default=None, max_length=50)


class ScheduleChange(BaseModel):
    """Only what is given changes. `version` is the one that was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    name: str | None = Field(None, min_length=1, max_length=200)
    payload: dict[str, Any] | None = None
    kind: Kind | None = None
    cron: str | None = None
    every_seconds: int | None = None
    starts_at: AwareDatetime | None = None
    zone: str | None = None
    catch_up: CatchUp | None = None
    grace_seconds: int | None = Field(None, ge=0, le=604_800)


class Schedule(Timing):
    """`level` is what sharing lets the reader do with it."""

    id: UUID
    name: str
    what: str
    payload: dict[str, Any]
    enabled: bool
    next_run_at: datetime | None
    catch_up: CatchUp
    grace_seconds: int
    owner_id: UUID | None
    version: int
    error: str | None
    created_at: datetime
    changed_at: datetime
    explanation: str = ""
    level: Level = Level.view


class NextRun(BaseModel):
    """One future run in both clocks; `note` says what a clock change does to it."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    local: str
    note: str | None = None


class Preview(BaseModel):
    model_config = ConfigDict(frozen=True)

    explanation: str
    zone: str
    runs: list[NextRun]


class Fire(BaseModel):
    """`error` says why its run failed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    schedule_id: UUID
    fire_at: datetime
    late: bool
    manual_by: UUID | None
    payload: dict[str, Any]
    run_id: UUID | None = Field(serialization_alias="job_id")
    created_at: datetime
    error: str | None = None
