"""Figures for Prometheus. Requests are counted in this process; the rest is read from the database when asked for."""

from collections.abc import Iterator

import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.core.db import engine, transaction
from app.monitoring import queries

log = structlog.stdlib.get_logger(__name__)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
requests_counted = Counter(
    "autoreport_http_requests",
    "HTTP requests by method, route and status",
    ["method", "route", "status"],
    registry=registry,
)
request_seconds = Histogram(
    "autoreport_http_request_seconds",
    "Time to the last byte of an answer, by route",
    ["route"],
    registry=registry,
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def exposition() -> bytes:
    return generate_latest(registry)


class _DatabaseFigures(Collector):
    def describe(self) -> list[Metric]:
        return []  # known only once there is a database

    def collect(self) -> Iterator[Metric]:
        yield _pool()
        up = GaugeMetricFamily("autoreport_database_up", "1 when the database answers")
        try:
            figures = _read()
        except sa.exc.SQLAlchemyError as error:
            log.warning("no figures, database away", reason=str(error.__cause__ or error).splitlines()[0])
            figures = []
        up.add_metric([], 1 if figures else 0)
        yield up
        yield from figures


def _read() -> list[Metric]:
    found: list[Metric] = []
    with transaction() as db:
        for name, (text, label, _) in queries.FIGURES.items():
            family = GaugeMetricFamily(name, text, labels=[label])
            for value, number in queries.figure(db, name):
                family.add_metric([value], number)
            found.append(family)
        alive = GaugeMetricFamily("autoreport_workers", "Workers that are alive")
        alive.add_metric([], len(queries.workers_alive(db)))
        queue = queries.queue_depth(db)
    waiting = GaugeMetricFamily("autoreport_queue_waiting", "Runs that could start now")
    waiting.add_metric([], queue.waiting)
    oldest = GaugeMetricFamily("autoreport_queue_oldest_seconds", "Time that the oldest of them has waited")
    oldest.add_metric([], queue.oldest_waiting_seconds or 0)
    return [*found, alive, waiting, oldest]


def _pool() -> Metric:
    family = GaugeMetricFamily("autoreport_db_pool", "Database connections of this process", labels=["state"])
    pool = engine().pool
    assert isinstance(pool, sa.QueuePool)
    family.add_metric(["in_use"], pool.checkedout())
    family.add_metric(["idle"], pool.checkedin())
    return family


registry.register(_DatabaseFigures())
