"""Who may see a schedule, and who may change it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import NotFound
from app.schedules.tables import ScheduleRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind


class ScheduleNotFound(NotFound):
    """There is no such schedule, or you may not see it."""


def access_schedule(db: Session, actor: Actor, schedule_id: UUID, *, write: bool = False) -> ScheduleRow:
    require_role(actor, Role.viewer)
    row = db.get(ScheduleRow, schedule_id, with_for_update=write, populate_existing=write)
    if row is None:
        raise ScheduleNotFound
    sharing.check_level(db, actor, Kind.schedule, row, edit=write, missing=ScheduleNotFound())
    if write:
        require_role(actor, Role.author)
    return row


def visible_schedules(actor: Actor) -> sa.Select[Any]:
    """The ids, for what belongs to schedules."""
    return sa.select(ScheduleRow.id).where(_visible(actor))


def schedules_with_level(actor: Actor) -> sa.Select[ScheduleRow, str | None]:
    level = sharing.level_column(actor, Kind.schedule, ScheduleRow.id, ScheduleRow.owner_id)
    return sa.select(ScheduleRow, level).where(_visible(actor))


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.schedule, ScheduleRow.id, ScheduleRow.owner_id)
