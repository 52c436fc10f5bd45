"""Migrations run under an advisory lock: any number of processes may start at once."""

import sqlalchemy as sa
from alembic import context

from app.accounts import tables as _accounts
from app.admissions import tables as _admissions
from app.audit import tables as _audit
from app.core.db import Base, make_engine
from app.datasets import tables as _datasets
from app.datasets.streams import tables as _dataset_streams
from app.datasets.versions import tables as _versions
from app.deliveries import tables as _deliveries
from app.documents import tables as _documents
from app.jobs import tables as _jobs
from app.notices import tables as _notices
from app.queries import tables as _queries
from app.reports import tables as _reports
from app.schedules import tables as _schedules
from app.sharing import tables as _sharing
from app.sources import tables as _sources
from app.sources.streams import tables as _source_streams
from app.tasks import tables as _tasks
from app.tasks.automations import tables as _automations
from app.tasks.calendar import tables as _calendars
from app.tasks.details import tables as _card_details
from app.tasks.exchange import tables as _board_imports
from app.tasks.filters import tables as _board_filters
from app.tasks.undo import tables as _task_edits
from app.templates import tables as _templates

MIGRATION_LOCK = 74_219_001


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Tables of the queue library are its own business."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    engine = make_engine(
        context.config.attributes["url"], name="autoreport:migrate", pool_size=1, options="-c timezone=UTC"
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            include_name=include_name,
        )
        with context.begin_transaction():
            connection.execute(sa.text("set local lock_timeout = '60s'"))
            connection.execute(sa.text(f"select pg_advisory_xact_lock({MIGRATION_LOCK})"))
            context.run_migrations()
    engine.dispose()


run()
