"""The timer's part of recurring cards: at most one card for each moment, whichever process ticks."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.schedules.next_fire import fires
from app.schedules.schemas import Timing
from app.tasks.automations.access import first_free
from app.tasks.automations.content import Place, make_card
from app.tasks.automations.notify import tell_owner
from app.tasks.automations.recurring import next_date
from app.tasks.automations.schemas import CardContent, RecurrenceOutcome
from app.tasks.automations.tables import OccasionRow, RecurrenceRow
from app.tasks.tables import BoardRow, CardRow, is_open

BOARDS_AT_ONCE = 20
DEFECT = "Something went wrong on our side. The log of the server says more."

log = structlog.get_logger()


def make_recurring_card(db: Session) -> bool:
    """Makes the card of one recurrence that is due; False when none is due. The caller commits.

    Of all the moments that were missed, only the last one makes a card.
    """
    now = clock.now()
    due = sa.and_(RecurrenceRow.enabled, RecurrenceRow.next_at <= now)
    on_boards = sa.select(RecurrenceRow.board_id).join(BoardRow, BoardRow.id == RecurrenceRow.board_id).where(due)
    waiting = on_boards.where(BoardRow.archived_at.is_(None)).group_by(RecurrenceRow.board_id)
    board = first_free(db, db.scalars(waiting.order_by(sa.func.min(RecurrenceRow.next_at)).limit(BOARDS_AT_ONCE)).all())
    if board is None:
        return False
    query = sa.select(RecurrenceRow).where(due, RecurrenceRow.board_id == board.id).order_by(RecurrenceRow.next_at)
    row = db.scalar(query.limit(1).execution_options(populate_existing=True))
    if row is not None and row.next_at is not None:
        timing, planned = Timing.model_validate(row), row.next_at
        claim = sa.update(RecurrenceRow).where(RecurrenceRow.id == row.id, RecurrenceRow.next_at == planned)
        claimed = claim.values(next_at=next_date(timing, row.until, now)).returning(RecurrenceRow.id)
        if db.scalar(claimed) is not None:
            _keep(db, row, _last_due(timing, planned, row.until, now))
    return True


def _last_due(timing: Timing, planned: datetime, until: date | None, now: datetime) -> datetime:
    """The last moment that has come. `planned` itself was the next one when it was computed."""
    last, zone = planned, ZoneInfo(timing.zone)
    for moment in fires(timing, planned):
        if moment > now or (until and moment.astimezone(zone).date() > until):
            break
        last = moment
    return last


def _keep(db: Session, row: RecurrenceRow, occasion: datetime) -> None:
    new = insert(OccasionRow).values(
        recurrence_id=row.id, occasion=occasion, at=clock.now(), outcome=RecurrenceOutcome.failed.value, text=""
    )
    kept = db.scalar(new.on_conflict_do_nothing().returning(OccasionRow.id))
    if kept is None:
        return
    outcome, text, card_id = _attempt(db, row, occasion)
    values = {"outcome": outcome.value, "text": text, "card_id": card_id}
    db.execute(sa.update(OccasionRow).where(OccasionRow.id == kept).values(values))
    if outcome is RecurrenceOutcome.failed:
        title = row.content["title"]
        subject = f"The recurring card “{title}” could not be made"
        key = f"recurrence-failed:{row.id}:{occasion.isoformat()}"
        tell_owner(db, row.board_id, row.owner_id, key=key, subject=subject, text=text)


def _attempt(db: Session, row: RecurrenceRow, occasion: datetime) -> tuple[RecurrenceOutcome, str, UUID | None]:
    if row.only_if_done and (still_open := _open_card(db, row)):
        return RecurrenceOutcome.skipped, f"The last one, #{still_open}, is not done yet.", None
    content = CardContent.model_validate(row.content)
    actor = Actor(id=None, name=f"Recurring card “{content.title}”", role=Role.admin)
    today = occasion.astimezone(ZoneInfo(row.zone)).date()
    try:
        with db.begin_nested():
            made = make_card(db, actor, row.board_id, content, Place(row.column_id, row.lane_id), today)
    except AppError as error:
        return RecurrenceOutcome.failed, error.message, None
    except Exception:
        log.exception("recurring_card_failed", recurrence_id=str(row.id))
        return RecurrenceOutcome.failed, DEFECT, None
    missing = f" Left out: {', '.join(made.left_out)}." if made.left_out else ""
    return RecurrenceOutcome.made, f"Made #{made.card.number}.{missing}", made.card.id


def _open_card(db: Session, row: RecurrenceRow) -> int | None:
    """The number of the last card it made, if that is neither done nor archived nor deleted."""
    made = OccasionRow.outcome == RecurrenceOutcome.made.value
    last = sa.select(OccasionRow.card_id).where(OccasionRow.recurrence_id == row.id, made)
    last_id = db.scalar(last.order_by(OccasionRow.id.desc()).limit(1))
    return db.scalar(sa.select(CardRow.number).where(CardRow.id == last_id, is_open(CardRow))) if last_id else None
