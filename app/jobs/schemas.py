"""What others see of a run."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class RunStatus(StrEnum):
    pending = "pending"
    processing = "processing"
    completed = "completed"
    failed = "failed"
    partial = "partial"
    cancelled = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (RunStatus.pending, RunStatus.processing)


class Step(BaseModel):
    """`id` only rises, `progress` never falls within a run: a reader may go on from the last step it has seen."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    at: datetime
    message: str
    progress: float
    status: RunStatus = RunStatus.processing
    attempt: int = 0


class Run(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    job: str
    title: str
    status: RunStatus
    progress: float
    attempt: int
    max_attempts: int
    person_id: UUID | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    eta_seconds: float | None = None
    cancel_requested: bool = False
    error: str | None
    error_id: str | None = None
    traceback: str | None = None
    result: dict[str, Any] | None
    steps: list[Step] = []

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken until it was last read as finished."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()
