"""Schedules that are about one thing: found by what they do and by a part of their payload."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor
from app.schedules.access import schedules_with_level
from app.schedules.next_fire import explain
from app.schedules.schemas import Schedule
from app.schedules.tables import ScheduleRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level


def schedules_about(db: Session, actor: Actor, what: str, part: dict[str, Any]) -> list[Schedule]:
    """Those that this person may see, by name."""
    query = schedules_with_level(actor).where(*_about(what, part)).order_by(ScheduleRow.name, ScheduleRow.id)
    return [_seen(row, level) for row, level in db.execute(query).tuples()]


def drop_schedules(db: Session, actor: Actor, what: str, part: dict[str, Any]) -> None:
    """When the thing goes, for whoever may delete the thing: all of them, seen or not."""
    for row in db.scalars(sa.select(ScheduleRow).where(*_about(what, part)).with_for_update()).all():
        sharing.forget(db, Kind.schedule, row.id)
        db.delete(row)
        audit.record(db, actor, Action.schedule_deleted, row.id, name=row.name)
    db.flush()


def _about(what: str, part: dict[str, Any]) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return ScheduleRow.what == what, ScheduleRow.payload.contains(part)


def _seen(row: ScheduleRow, level: str | None) -> Schedule:
    seen = Schedule.model_validate(row)
    return seen.model_copy(update={"explanation": explain(seen), "level": Level(level or Level.view)})
