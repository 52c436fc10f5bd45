"""What only time brings: cards that are due soon, overdue, or have stood still. The timer asks every few minutes.

Each is told once, by its key. What lies further back than `WITHIN` is not told any more: notices are kept for longer,
so none is told again after it was deleted, and a board that slept for a year does not wake up with a flood. Nor does
one that was imported: what was late or stood still before it came is known to those who brought it.
"""

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from app.core import clock
from app.core.actor import SYSTEM
from app.notices import service as notices
from app.notices.schemas import NoticeKind
from app.tasks.naming import title_of
from app.tasks.notices import tell_of_card
from app.tasks.schemas import BoardOptions, EventKind
from app.tasks.tables import BoardRow, CardAssigneeRow, CardRow, ColumnRow, TransitionRow

REMIND_LOCK = 74_219_027
WITHIN = timedelta(days=30)
AT_ONCE = 500
MOVES = [kind.value for kind in (EventKind.created, EventKind.moved, EventKind.revived)]
Found = list[tuple[CardRow, UUID, str]]


def _concerned() -> sa.Subquery:
    """Pairs of card and person: whom it is given to; without anybody, who made it."""
    given = sa.select(CardAssigneeRow.card_id, CardAssigneeRow.person_id)
    nobody = ~sa.select(sa.literal(1)).where(CardAssigneeRow.card_id == CardRow.id).exists()
    made = sa.select(CardRow.id, CardRow.owner_id).where(CardRow.owner_id.is_not(None), nobody)
    return sa.union_all(given, made).subquery("concerned")


WHO = _concerned()


def remind(db: Session) -> int:
    """How many were told. A process that comes second has nothing to do."""
    if not db.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(REMIND_LOCK))):
        return 0
    return _remind_due_soon(db) + _remind_overdue(db) + _remind_stale(db)


def _remind_due_soon(db: Session) -> int:
    today = notices.today_of(WHO.c.person_id)
    soon = CardRow.due_on.between(today, today + _days("due_soon_days"))
    key = sa.func.concat("due_soon:", CardRow.id, ":", CardRow.due_on)
    found = _untold(db, NoticeKind.due_soon, key, soon)
    return sum(_tell(db, NoticeKind.due_soon, *one, f"is due on {_day(one[0].due_on)}") for one in found)


def _remind_overdue(db: Session) -> int:
    today = notices.today_of(WHO.c.person_id)
    late = sa.and_(CardRow.due_on < today, CardRow.due_on >= today - WITHIN.days, ~_came_late())
    key = sa.func.concat("overdue:", CardRow.id, ":", CardRow.due_on)
    found = _untold(db, NoticeKind.overdue, key, late)
    return sum(_tell(db, NoticeKind.overdue, *one, f"was due on {_day(one[0].due_on)}") for one in found)


def _remind_stale(db: Session) -> int:
    """A standstill is known by the move that came before it."""
    moves = sa.select(TransitionRow.id, TransitionRow.at, TransitionRow.imported)
    moves = moves.where(TransitionRow.card_id == CardRow.id, TransitionRow.kind.in_(MOVES))
    last = moves.order_by(TransitionRow.id.desc()).limit(1).correlate(CardRow).lateral("last_move")
    days = sa.func.make_interval(0, 0, 0, _days("stale_days"))
    until = sa.literal(clock.now(), sa.DateTime(timezone=True)) - days
    came_so = sa.and_(last.c.imported, last.c.at <= BoardRow.created_at - days)
    stands = sa.and_(last.c.at <= until, last.c.at > until - WITHIN, ~came_so)
    key = sa.func.concat("stale:", CardRow.id, ":", last.c.id)
    found = _untold(db, NoticeKind.stale, key, stands, last)
    return sum(_tell(db, NoticeKind.stale, *one, f"has not moved for {_stale_days(db, one[0])}") for one in found)


def _came_late() -> sa.ColumnElement[bool]:
    """A board that was imported is as old as its import."""
    line = sa.select(sa.literal(1)).where(TransitionRow.card_id == CardRow.id, TransitionRow.imported)
    return sa.and_(CardRow.due_on < sa.cast(BoardRow.created_at, sa.Date), line.correlate(CardRow).exists())


def _untold(
    db: Session,
    kind: NoticeKind,
    key: sa.ColumnElement[str],
    due: sa.ColumnElement[bool],
    besides: LateralFromClause | None = None,
) -> Found:
    """Open cards on boards in use, with each person who has still to be told: one query."""
    query = sa.select(CardRow, WHO.c.person_id, key).join(WHO, WHO.c.card_id == CardRow.id)
    query = query.join(BoardRow, BoardRow.id == CardRow.board_id).join(ColumnRow, ColumnRow.id == CardRow.column_id)
    if besides is not None:
        query = query.join(besides, sa.true())
    query = query.where(
        BoardRow.archived_at.is_(None),
        CardRow.archived_at.is_(None),
        CardRow.completed_at.is_(None),
        ~ColumnRow.is_done,
        due,
        notices.wants(WHO.c.person_id, kind),
        notices.untold(WHO.c.person_id, key),
    )
    query = query.order_by(CardRow.board_id, CardRow.number, WHO.c.person_id).limit(AT_ONCE)
    return list(db.execute(query.execution_options(populate_existing=True)).tuples())


def _tell(db: Session, kind: NoticeKind, card: CardRow, person_id: UUID, key: str, words: str) -> int:
    return len(tell_of_card(db, SYSTEM, card, [person_id], kind, key=key, subject=f"{title_of(card)} {words}"))


def _days(option: str) -> sa.ColumnElement[int]:
    """As the board says; null, and so never, where it is switched off."""
    usual = getattr(BoardOptions(), option)
    return sa.case((BoardRow.options.has_key(option), BoardRow.options[option].as_integer()), else_=usual)


def _stale_days(db: Session, card: CardRow) -> str:
    days = BoardOptions.model_validate(db.get_one(BoardRow, card.board_id).options).stale_days
    return "a day" if days == 1 else f"{days} days"


def _day(day: date | None) -> str:
    assert day
    return f"{day:%a} {day.day} {day:%b %Y}"
