"""A workspace to try things out in: a board with history, two datasets, a report template, a weekly schedule.

Everything is made by the services that people use, so nothing in it is special: it can be changed and deleted.
"""

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import service as deliveries  # noqa: F401  offers the action `report` to schedules
from app.sample.board import make_board
from app.sample.contracts import SALES, TICKETS
from app.sample.report import weekly_report
from app.sample.rows import sales_csv, tickets_csv
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleCreate
from app.sharing import service as sharing
from app.templates import service as templates

MONDAY_MORNING = "0 9 * * 1"
SAMPLE_LOCK = 74_219_002


class SampleExists(Conflict):
    """The sample workspace is there already. Delete its datasets first to load it again."""


class Sample(BaseModel):
    """What was made; the rows arrive a moment later, loaded by two jobs."""

    model_config = ConfigDict(frozen=True)

    board: str
    datasets: list[str]
    template: str
    schedule: str


def load(db: Session, actor: Actor) -> Sample:
    """All of it or nothing. Raises SampleExists."""
    require_role(actor, Role.admin)
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(SAMPLE_LOCK)))
    known = {dataset.name for dataset in datasets.datasets(db, actor)}
    if known & {SALES.name, TICKETS.name}:
        raise SampleExists
    now = clock.now()
    board = make_board(db, actor, now)
    for new, content in ((SALES, sales_csv(now.date())), (TICKETS, tickets_csv(now.date()))):
        _load_table(db, actor, new, content)
    template = templates.create_template(db, actor, weekly_report(board.id))
    schedule = schedules.create_schedule(
        db,
        actor,
        ScheduleCreate(
            name="Weekly report to the team",
            cron=MONDAY_MORNING,
            zone=settings().tz_default,
            payload={
                "template_id": str(template.id),
                "recipients": [actor.email],
                "subject": "The team's week",
                "message": "Good morning, here is last week in figures.",
            },
            share_with=sharing.OPEN,
        ),
    )
    audit.record(db, actor, Action.sample_loaded, board.id)
    return Sample(board=board.name, datasets=[SALES.name, TICKETS.name], template=template.name, schedule=schedule.name)


def _load_table(db: Session, actor: Actor, new: DatasetCreate, content: bytes) -> None:
    datasets.create_dataset(db, actor, new)
    upload = datasets.store_upload(actor, f"{new.name}.csv", [content])
    datasets.receive_file(db, actor, new.name, upload)
