"""Everything a report needs from the database, read in one transaction; after it the report needs none."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import AppError
from app.core.settings import settings
from app.queries import service as queries
from app.queries.periods import Period, RelativePeriod, period_of
from app.queries.schemas import Source
from app.reports.schemas import Material
from app.tasks import service as tasks
from app.tasks.summaries.schemas import BoardSummary
from app.templates import service as templates
from app.templates.parameters import BadParameter
from app.templates.schemas import (
    BoardSummaryBlock,
    TemplateContent,
    Values,
)


def today() -> date:
    """In the zone of the installation: "yesterday" is meant locally."""
    return clock.now().astimezone(_zone()).date()


def gather(
    db: Session,
    actor: Actor,
    content: TemplateContent,
    values: Values,
    *,
    title: str,
    template: str = "draft",
    version: int = 0,
    made_at: datetime | None = None,
) -> Material:
    """What cannot be read is noted in its place: that block will say so, the others are not harmed.

    What `actor` may not see refuses the whole: a report is never more than the person who asks could look up.
    """
    templates.check_sources(db, actor, content.blocks)
    made_at = made_at or clock.now()
    boards = [block for block in content.blocks if isinstance(block, BoardSummaryBlock)]
    return Material(
        title=title,
        template=template,
        template_version=version,
        generated_at=made_at,
        content=content,
        values=values,
        sources={name: _source(db, actor, name) for name in templates.datasets_of(content.blocks)},
        boards={block.id: _board(db, actor, block, values, made_at) for block in boards},
        site=settings().base_url,
    )


def _source(db: Session, actor: Actor, dataset: str) -> Source | str:
    try:
        return queries.source_of(db, actor, dataset)
    except AppError as error:
        return error.message


def _board(
    db: Session, actor: Actor, block: BoardSummaryBlock, values: Values, made_at: datetime
) -> BoardSummary | str:
    try:
        period = _period(block, values, made_at.astimezone(_zone()).date())
        window = (_start(period.since), _start(period.until))
        return tasks.board_summary(db, actor, block.board_id, *window, blocked_days=block.blocked_days)
    except AppError as error:
        return error.message


def _period(block: BoardSummaryBlock, values: Values, day: date) -> Period:
    if block.parameter is not None:
        period = values.period(block.parameter)
        if period is None:
            raise BadParameter(f'"{block.parameter}" is not a parameter of type period.')
        return period
    if isinstance(block.period, Period):
        return block.period
    return period_of(block.period or RelativePeriod.last_full_week, day)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=_zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().tz_default)
