"""Schedules: create, change, run now, and the tick that makes due ones run exactly once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable
from app.core.paging import Page, fetch_page
from app.jobs import service as jobs
from app.schedules.about import drop_schedules, schedules_about
from app.schedules.access import ScheduleNotFound, access_schedule, schedules_with_level, visible_schedules
from app.schedules.next_fire import check_timing, explain, fires, next_fire, next_runs
from app.schedules.owner import acting_owner, may_act
from app.schedules.schemas import CatchUp, Fire, Preview, Schedule, ScheduleChange, ScheduleCreate, Timing
from app.schedules.tables import FireRow, ScheduleRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level

__all__ = ["ScheduleNotFound", "access_schedule", "drop_schedules", "schedules_about", "visible_schedules"]

log = structlog.get_logger()

DUE_AT_ONCE = 20
MOST_CAUGHT_UP = 100
MOST_COUNTED = 10_000
TIMING_FIELDS = {"kind", "cron", "every_seconds", "starts_at", "zone"}


class ScheduleChanged(Conflict):
    """Somebody else changed this schedule in the meantime. Reload and try again."""


@dataclass(frozen=True)
class Offer:
    job: str
    check: Callable[[Session, Actor, dict[str, Any]], dict[str, Any]]


_offers: dict[str, Offer] = {}

sharing.offer_kind(Kind.schedule, ScheduleRow)


def offer_action(what: str, *, job: str, check: Callable[[Session, Actor, dict[str, Any]], dict[str, Any]]) -> None:
    """A feature above says what can be scheduled. `check` returns the payload to keep or raises Invalid."""
    _offers[what] = Offer(job, check)


def create_schedule(db: Session, actor: Actor, new: ScheduleCreate) -> Schedule:
    require_role(actor, Role.author)
    check_timing(new)
    now = clock.now()
    row = ScheduleRow(
        **new.model_dump(exclude={"payload", "share_with"}, mode="python"),
        payload=_offer(new.what).check(db, actor, new.payload),
        next_run_at=next_fire(new, now),
        owner_id=actor.id,
        version=1,
        created_at=now,
        changed_at=now,
    )
    db.add(row)
    db.flush()
    sharing.share_new(db, actor, Kind.schedule, row.id, share_with=new.share_with)
    audit.record(db, actor, Action.schedule_created, row.id, name=row.name)
    return _seen(row, Level.edit)


def change_schedule(db: Session, actor: Actor, schedule_id: UUID, change: ScheduleChange) -> Schedule:
    """A changed timing starts anew from now: nothing is caught up for the time before."""
    row = access_schedule(db, actor, schedule_id, write=True)
    if row.version != change.version:
        raise ScheduleChanged
    given = change.model_dump(exclude_unset=True, exclude={"version"}, mode="python")
    if payload := given.pop("payload", None):
        row.payload = _offer(row.what).check(db, actor, payload)
    for name, value in given.items():
        setattr(row, name, value)
    check_timing(Timing.model_validate(row))
    if TIMING_FIELDS & given.keys():
        row.next_run_at = next_fire(Timing.model_validate(row), clock.now())
    return _saved(db, actor, row, changed=sorted(change.model_fields_set - {"version"}))


def pause_schedule(db: Session, actor: Actor, schedule_id: UUID) -> Schedule:
    row = access_schedule(db, actor, schedule_id, write=True)
    row.enabled = False
    return _saved(db, actor, row, changed=["paused"])


def resume_schedule(db: Session, actor: Actor, schedule_id: UUID) -> Schedule:
    """Goes on with the next run from now; what was missed while paused stays missed.

    Whoever resumes a schedule that its owner may no longer run becomes its owner.
    """
    row = access_schedule(db, actor, schedule_id, write=True)
    if not may_act(db, row.owner_id):
        row.owner_id = actor.id
    timing = Timing.model_validate(row)
    check_timing(timing)
    row.enabled, row.error, row.next_run_at = True, None, next_fire(timing, clock.now())
    return _saved(db, actor, row, changed=["resumed"])


def delete_schedule(db: Session, actor: Actor, schedule_id: UUID) -> None:
    row = access_schedule(db, actor, schedule_id, write=True)
    if actor.id != row.owner_id and not actor.role.includes(Role.admin):
        raise Forbidden("Only the owner of a schedule or an admin can delete it.")
    sharing.forget(db, Kind.schedule, row.id)
    db.delete(row)
    audit.record(db, actor, Action.schedule_deleted, row.id, name=row.name)
    db.flush()


def schedule(db: Session, actor: Actor, schedule_id: UUID) -> Schedule:
    row = access_schedule(db, actor, schedule_id)
    level = sharing.check_level(db, actor, Kind.schedule, row, missing=ScheduleNotFound())
    return _seen(row, level)


def schedules(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Schedule]:
    """By name."""
    require_role(actor, Role.viewer)
    by = (ScheduleRow.name, ScheduleRow.id)
    return fetch_page(db, schedules_with_level(actor), _seen, *by, limit=limit, cursor=cursor)


def upcoming(db: Session, actor: Actor, limit: int = 5) -> list[Schedule]:
    """What runs next, soonest first."""
    require_role(actor, Role.viewer)
    query = schedules_with_level(actor).where(ScheduleRow.enabled, ScheduleRow.next_run_at.is_not(None))
    return [_seen(*found) for found in db.execute(query.order_by(ScheduleRow.next_run_at).limit(limit)).tuples()]


def preview(timing: Timing, count: int = 5) -> Preview:
    """The next runs in the schedule's own clock and in UTC, with a note where the clocks change."""
    check_timing(timing)
    return Preview(
        explanation=explain(timing),
        zone=timing.zone,
        runs=next_runs(timing, clock.now(), max(1, min(count, 50))),
    )


def run_now(db: Session, actor: Actor, schedule_id: UUID) -> Fire:
    """One more run at this moment, on behalf of the person who asks; the timetable stays as it is."""
    row = access_schedule(db, actor, schedule_id, write=True)
    fire = _fire(db, actor, row, clock.now(), manual_by=actor.id)
    if fire is None:
        raise Conflict("This schedule is being started right now.")
    audit.record(db, actor, Action.schedule_fired, row.id, name=row.name, fire=str(fire.id))
    return fire


def fire_history(
    db: Session, actor: Actor, schedule_id: UUID, *, limit: int = 20, cursor: str | None = None
) -> Page[Fire]:
    """Newest first, each with the reason if its run failed."""
    access_schedule(db, actor, schedule_id)
    query, show = sa.select(FireRow).where(FireRow.schedule_id == schedule_id), Fire.model_validate
    page = fetch_page(db, query, show, FireRow.fire_at, limit=limit, cursor=cursor, newest_first=True)
    errors = jobs.errors_of(db, [one.run_id for one in page.items if one.run_id])
    items = [one.model_copy(update={"error": errors.get(one.run_id or one.id)}) for one in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


def fire(db: Session, fire_id: UUID) -> Fire:
    """For the job that the fire started."""
    row = db.get(FireRow, fire_id)
    if row is None:
        raise NotFound("The schedule of this run was deleted.")
    return Fire.model_validate(row)


def tick(db: Session, now: datetime | None = None) -> int:
    """Starts what is due; returns how many runs were started. The caller commits.

    Any number of processes may tick at once: a due row is locked by one of them and skipped by the others, and the
    fire, its run and the new `next_run_at` are one transaction. The clock is the database's: machines may disagree.
    """
    now = now or db.scalars(sa.select(sa.func.clock_timestamp())).one()
    due = (
        sa.select(ScheduleRow)
        .where(ScheduleRow.enabled, ScheduleRow.next_run_at <= now)
        .order_by(ScheduleRow.next_run_at)
        .limit(DUE_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return sum(_start_due(db, row, now) for row in db.scalars(due).all())


def plan(row: ScheduleRow, now: datetime) -> tuple[list[tuple[datetime, bool]], datetime | None]:
    """The fires to start now as (moment, is late), and the next moment after them."""
    timing, grace = Timing.model_validate(row), timedelta(seconds=row.grace_seconds)
    assert row.next_run_at is not None
    missed = islice(fires(timing, row.next_run_at - timedelta(microseconds=1)), MOST_COUNTED)
    due: list[datetime] = []
    for moment in missed:
        if moment > now:
            break
        due.append(moment)
    marked = [(moment, now - moment > grace) for moment in due]
    in_time = [one for one in marked if not one[1]][-MOST_CAUGHT_UP:]
    by_policy = {CatchUp.skip: in_time, CatchUp.once: in_time or marked[-1:], CatchUp.each: marked[-MOST_CAUGHT_UP:]}
    return by_policy[CatchUp(row.catch_up)], next_fire(timing, now)


def _start_due(db: Session, row: ScheduleRow, now: datetime) -> int:
    """One broken schedule is switched off with its reason; the others go on."""
    try:
        with db.begin_nested():
            owner = acting_owner(db, row.owner_id)
            due, row.next_run_at = plan(row, now)
            return sum(_fire(db, owner, row, moment, late=late) is not None for moment, late in due)
    except (sa.exc.DBAPIError, Unavailable):
        # The database or the queue is in trouble, not the schedule: it stays due for the next tick.
        log.exception("schedule_not_started", schedule_id=str(row.id))
        return 0
    except Exception as error:
        log.exception("schedule_switched_off", schedule_id=str(row.id))
        row.enabled = False
        row.error = error.message if isinstance(error, AppError) else f"{type(error).__name__}: {error}"
        db.flush()
        return 0


def _fire(
    db: Session, actor: Actor, row: ScheduleRow, moment: datetime, *, late: bool = False, manual_by: UUID | None = None
) -> Fire | None:
    """None when this moment was started before."""
    fired = FireRow(
        schedule_id=row.id,
        fire_at=moment,
        late=late,
        manual_by=manual_by,
        payload=row.payload,
        created_at=clock.now(),
    )
    seen = sa.select(FireRow.id).where(FireRow.schedule_id == row.id, FireRow.fire_at == moment)
    if db.scalar(seen) is not None:  # no race: the schedule's row is locked
        return None
    db.add(fired)
    db.flush()
    run = jobs.enqueue(
        db,
        actor,
        _offer(row.what).job,
        {"schedule_id": str(row.id), "fire_at": moment.isoformat(), "fire_id": str(fired.id)},
        title=row.name,
        unique_key=f"schedule:{row.id}:{moment.isoformat()}",
    )
    fired.run_id = run.id
    db.flush()
    return Fire.model_validate(fired)


def _offer(what: str) -> Offer:
    if what not in _offers:
        known = ", ".join(sorted(_offers)) or "nothing"
        raise Invalid(
            f"{what!r} cannot be scheduled; known: {known}.", details=[{"field": "what", "message": f"one of: {known}"}]
        )
    return _offers[what]


def _saved(db: Session, actor: Actor, row: ScheduleRow, *, changed: list[str]) -> Schedule:
    row.version += 1
    row.changed_at = clock.now()
    db.flush()
    audit.record(db, actor, Action.schedule_changed, row.id, name=row.name, changed=changed)
    return _seen(row, Level.edit)


def _seen(row: ScheduleRow, level: str | None) -> Schedule:
    seen = Schedule.model_validate(row)
    return seen.model_copy(update={"explanation": explain(seen), "level": Level(level or Level.view)})
