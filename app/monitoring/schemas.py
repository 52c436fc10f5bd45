"""What the installation says about itself."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Check(BaseModel):
    """One part. `detail` says what is wrong, and nothing when all is well."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: str
    detail: str | None = None


class Readiness(BaseModel):
    """`ok`; `degraded`: people can work, background work waits; `down`: send no requests here."""

    model_config = ConfigDict(frozen=True)

    status: str
    checks: list[Check]


class TableSize(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    name: str
    size: int
    rows_estimate: int


class WorkerSeen(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    host: str
    pid: int
    concurrency: int
    started_at: datetime
    seconds_since_heartbeat: float


class QueueDepth(BaseModel):
    """`waiting` may start now; `later` has a time in the future."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    waiting: int
    later: int
    processing: int
    oldest_waiting_seconds: float | None


class Database(BaseModel):
    model_config = ConfigDict(frozen=True)

    version: str
    embedded: bool
    size: int
    connections: int
    max_connections: int
    tables: list[TableSize]


class Space(BaseModel):
    """In bytes."""

    model_config = ConfigDict(frozen=True)

    total: int
    free: int


class Memory(BaseModel):
    """In bytes; `used_here` is this process with everything it started."""

    model_config = ConfigDict(frozen=True)

    total: int
    available: int
    used_here: int


class System(BaseModel):
    model_config = ConfigDict(frozen=True)

    version: str
    python: str
    streamlit: str
    started_at: datetime
    database: Database
    queue: QueueDepth
    workers: list[WorkerSeen]
    disk: Space
    memory: Memory
    unreadable_secrets: dict[str, int]


class JobStarted(BaseModel):
    job_id: UUID
