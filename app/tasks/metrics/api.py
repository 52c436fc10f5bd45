"""Figures on the flow of work over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.accounts.web import Caller, Db
from app.tasks import service as tasks
from app.tasks.metrics.schemas import Metrics, MetricsQuery

router = APIRouter()
Asked = Annotated[MetricsQuery, Query()]
Table = Literal[
    "flow", "burndown", "days", "weeks", "times", "completed", "ageing", "columns", "workload", "boards"
]  # fmt: skip


@router.get("/boards/{board_id}/metrics")
def read_metrics(db: Db, caller: Caller, board_id: UUID, query: Asked) -> Metrics:
    """Flow, lead and cycle times, throughput, ageing, burndown and workload; for any past days as they were then."""
    return tasks.board_metrics(db, caller, board_id, query)


@router.get("/boards/{board_id}/metrics/{table}.csv", response_class=Response)
def download_metrics(db: Db, caller: Caller, board_id: UUID, table: Table, query: Asked) -> Response:
    """One table of the figures as CSV."""
    return _csv(tasks.board_metrics(db, caller, board_id, query), table)


@router.get("/analytics/tasks")
def read_analytics(db: Db, caller: Caller, query: Asked) -> Metrics:
    """The same over all boards you see. Their columns differ: the flow is told by stages."""
    return tasks.task_analytics(db, caller, query)


@router.get("/analytics/tasks/{table}.csv", response_class=Response)
def download_analytics(db: Db, caller: Caller, table: Table, query: Asked) -> Response:
    """One table of them as CSV."""
    return _csv(tasks.task_analytics(db, caller, query), table)


def _csv(metrics: Metrics, table: str) -> Response:
    name = f"{table}_{metrics.since}_{metrics.until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(tasks.metrics_csv(metrics, table), media_type="text/csv; charset=utf-8", headers=headers)
