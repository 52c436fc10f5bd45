"""Figures that PostgreSQL keeps anyway, and counts over other features' tables. Reading only."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.monitoring.schemas import QueueDepth, TableSize, WorkerSeen

ALIVE_SECONDS = 30.0
LARGEST_TABLES = 15

# Each metric's name: its help text, its label, and the query that gives (label value, number) rows.
FIGURES: dict[str, tuple[str, str, str]] = {
    "autoreport_runs": ("Runs by status", "status", "select status, count(*) from runs group by status"),
    "autoreport_ingest_rows": (
        "Rows of all batches by outcome",
        "outcome",
        "select 'valid', coalesce(sum(rows_valid), 0) from batches "
        "union all select 'rejected', coalesce(sum(rows_rejected), 0) from batches",
    ),
    "autoreport_deliveries": ("Deliveries by state", "state", "select state, count(*) from deliveries group by state"),
    "autoreport_reports": ("Reports by status", "status", "select status, count(*) from reports group by status"),
}


def database(db: Session) -> dict[str, Any]:
    statement = """
        select current_setting('server_version') as version, pg_database_size(current_database()) as size,
               (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections,
               current_setting('max_connections')::int as max_connections
    """
    return dict(db.execute(sa.text(statement)).mappings().one())


def largest_tables(db: Session) -> list[TableSize]:
    """A partitioned table counts as one, with all its partitions. The table of a dataset bears the dataset's name."""
    statement = """
        select coalesce('dataset ' || d.name, parent.relname, c.relname) as name,
               sum(pg_total_relation_size(c.oid))::bigint as size,
               sum(greatest(c.reltuples, 0))::bigint as rows_estimate
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_inherits i on i.inhrelid = c.oid
        left join pg_class parent on parent.oid = i.inhparent
        left join datasets d on 'd_' || replace(d.id::text, '-', '') = coalesce(parent.relname, c.relname)
        where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
        group by 1 order by 2 desc, 1 limit :limit
    """
    rows = db.execute(sa.text(statement), {"limit": LARGEST_TABLES})
    return [TableSize.model_validate(row) for row in rows]


def queue_depth(db: Session) -> QueueDepth:
    statement = """
        select count(*) filter (where status = 'pending' and run_at <= now()) as waiting,
               count(*) filter (where status = 'pending' and run_at > now()) as later,
               count(*) filter (where status = 'processing') as processing,
               extract(epoch from now() - min(run_at) filter (where status = 'pending' and run_at <= now()))::float
                   as oldest_waiting_seconds
        from runs where status in ('pending', 'processing')
    """
    return QueueDepth.model_validate(db.execute(sa.text(statement)).one())


def workers_alive(db: Session) -> list[WorkerSeen]:
    """By the database's clock, which is the one that they report by."""
    statement = """
        select host, pid, concurrency, started_at,
               extract(epoch from now() - heartbeat_at)::float as seconds_since_heartbeat
        from workers where heartbeat_at > now() - make_interval(secs => :seconds) order by started_at
    """
    rows = db.execute(sa.text(statement), {"seconds": ALIVE_SECONDS})
    return [WorkerSeen.model_validate(row) for row in rows]


def figure(db: Session, name: str) -> list[tuple[str, float]]:
    return [(str(label), float(number)) for label, number in db.execute(sa.text(FIGURES[name][2]))]
