"""Cards that are made again and again: what, where, when, until when."""

from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.core.paging import Page, fetch_page
from app.schedules.next_fire import check_timing, explain, fires, next_fire
from app.schedules.schemas import Timing
from app.tasks.access import access_board, access_room, columns_of
from app.tasks.automations.access import ADD_CARDS, READ, access_row
from app.tasks.automations.schemas import Recurrence, RecurrenceChange, RecurrenceCreate, RecurrenceRun
from app.tasks.automations.tables import OccasionRow, RecurrenceRow
from app.tasks.tables import LaneRow

MAX_RECURRENCES = 200
SHORTEST = timedelta(hours=1)
COMPARED = 5
MAY_BE_NULL = ("column_id", "lane_id", "until")


class RecurrenceChanged(Conflict):
    """Somebody else changed this recurring card in the meantime. Look at it again, then repeat your change."""


def recurrences(
    db: Session, actor: Actor, board_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[Recurrence]:
    """Oldest first, each with its next date."""
    access_board(db, actor, board_id)
    query = sa.select(RecurrenceRow).where(RecurrenceRow.board_id == board_id)
    query = query.execution_options(populate_existing=True)
    return fetch_page(db, query, seen, RecurrenceRow.created_at, RecurrenceRow.id, limit=limit, cursor=cursor)


def create_recurrence(db: Session, actor: Actor, board_id: UUID, new: RecurrenceCreate) -> Recurrence:
    """By whoever may write cards on the board. The first card comes at the next moment of its timing."""
    access_room(db, actor, board_id)
    held = sa.select(sa.func.count()).select_from(RecurrenceRow).where(RecurrenceRow.board_id == board_id)
    if (db.scalar(held) or 0) >= MAX_RECURRENCES:
        raise Invalid(f"A board has at most {MAX_RECURRENCES} recurring cards. Delete some first.")
    now = clock.now()
    row = RecurrenceRow(
        board_id=board_id,
        content=new.content.model_dump(mode="json"),
        column_id=new.column_id,
        lane_id=new.lane_id,
        until=new.until,
        only_if_done=new.only_if_done,
        enabled=new.enabled,
        owner_id=actor.id,
        version=1,
        created_at=now,
        changed_at=now,
        **new.timing.model_dump(mode="python"),
    )
    _check(db, row, new.timing)
    row.next_at = next_date(new.timing, new.until, now) if new.enabled else None
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.recurring_card_created, row.id, board=str(board_id), title=new.content.title)
    return seen(row)


def change_recurrence(db: Session, actor: Actor, recurrence_id: UUID, change: RecurrenceChange) -> Recurrence:
    """Counts from now: what was missed before is not caught up. Raises RecurrenceChanged."""
    row = access_row(db, actor, RecurrenceRow, recurrence_id, ADD_CARDS)
    if row.version != change.version:
        raise RecurrenceChanged
    for name in change.model_fields_set - {"version", "content", "timing"}:
        value = getattr(change, name)
        if value is not None or name in MAY_BE_NULL:
            setattr(row, name, value)
    if change.content is not None:
        row.content = change.content.model_dump(mode="json")
    for name, value in change.timing.model_dump(mode="python").items() if change.timing else ():
        setattr(row, name, value)
    timing = Timing.model_validate(row)
    _check(db, row, timing)
    if change.model_fields_set & {"timing", "until", "enabled"}:
        row.next_at = next_date(timing, row.until, clock.now()) if row.enabled else None
    row.version += 1
    row.changed_at = clock.now()
    db.flush()
    changed = sorted(change.model_fields_set - {"version"})
    audit.record(db, actor, Action.recurring_card_changed, row.id, title=row.content["title"], changed=changed)
    return seen(row)


def delete_recurrence(db: Session, actor: Actor, recurrence_id: UUID) -> None:
    """Cards that it made stay."""
    row = access_row(db, actor, RecurrenceRow, recurrence_id, ADD_CARDS)
    audit.record(db, actor, Action.recurring_card_deleted, row.id, board=str(row.board_id), title=row.content["title"])
    db.delete(row)
    db.flush()


def recurrence_runs(
    db: Session, actor: Actor, recurrence_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[RecurrenceRun]:
    """Newest first."""
    access_row(db, actor, RecurrenceRow, recurrence_id, READ)
    query = sa.select(OccasionRow).where(OccasionRow.recurrence_id == recurrence_id)
    query = query.execution_options(populate_existing=True)
    return fetch_page(
        db, query, RecurrenceRun.model_validate, OccasionRow.id, limit=limit, cursor=cursor, newest_first=True
    )


def next_date(timing: Timing, until: date | None, after: datetime) -> datetime | None:
    """None when it is over."""
    following = next_fire(timing, after)
    if following is None or until is None:
        return following
    return following if following.astimezone(ZoneInfo(timing.zone)).date() <= until else None


def seen(row: RecurrenceRow) -> Recurrence:
    found = Recurrence.model_validate(row)
    return found.model_copy(update={"explanation": explain(Timing.model_validate(row))})


def _check(db: Session, row: RecurrenceRow, timing: Timing) -> None:
    check_timing(timing)
    first = list(islice(fires(timing, clock.now()), COMPARED))
    if any(later - earlier < SHORTEST for earlier, later in pairwise(first)):
        raise Invalid("timing: leave at least an hour between two cards, or the board fills up.")
    if row.column_id and row.column_id not in columns_of(db, row.board_id):
        raise Invalid(f"column: this board has no column {row.column_id}.")
    lane = sa.select(LaneRow.id).where(LaneRow.id == row.lane_id, LaneRow.board_id == row.board_id)
    if row.lane_id and db.scalar(lane) is None:
        raise Invalid(f"lane: this board has no lane {row.lane_id}.")
