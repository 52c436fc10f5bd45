"""Figures on the flow of work, from the logs of boards alone: asked for a past day they are what they were that day."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.settings import settings
from app.tasks.access import access_board, wait_for_writers
from app.tasks.boards import boards
from app.tasks.metrics.insights import days, insights
from app.tasks.metrics.measure import measure
from app.tasks.metrics.schemas import Metrics, MetricsQuery
from app.tasks.metrics.window import window_of
from app.tasks.metrics.write_csv import METRIC_TABLES, metrics_csv, metrics_rows

__all__ = ["METRIC_TABLES", "board_metrics", "days", "metrics_csv", "metrics_rows", "task_analytics"]


def board_metrics(db: Session, actor: Actor, board_id: UUID, query: MetricsQuery | None = None) -> Metrics:
    """Of one board, with its columns."""
    board = access_board(db, actor, board_id)
    wait_for_writers(db, board_id)
    return _measured(db, {board.id: board.name}, query)


def task_analytics(db: Session, actor: Actor, query: MetricsQuery | None = None) -> Metrics:
    """Over all boards that `actor` sees. Their columns differ, so the flow is told by stages alone."""
    require_role(actor, Role.viewer)
    return _measured(db, {board.id: board.name for board in boards(db, actor)}, query)


def _measured(db: Session, names: dict[UUID, str], query: MetricsQuery | None) -> Metrics:
    query = query or MetricsQuery()
    found = measure(db, names, query, window_of(query, settings().tz_default, clock.now()))
    return found.model_copy(update={"insights": insights(found)})
