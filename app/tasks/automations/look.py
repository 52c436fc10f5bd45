"""Rules that wait for time look for their cards every few minutes, whichever process ticks."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.core import clock
from app.tasks.automations.access import first_free
from app.tasks.automations.parts import Due, Idle, Timed
from app.tasks.automations.react import fits, names_on, run_rule
from app.tasks.automations.schemas import Outcome, Rule
from app.tasks.automations.tables import RuleRow, RunRow
from app.tasks.schemas import EventKind
from app.tasks.tables import BoardRow, CardRow, TransitionRow

EVERY = timedelta(minutes=5)
AT_ONCE, BOARDS_AT_ONCE = 50, 20
ENTERED = (EventKind.created.value, EventKind.revived.value)

log = structlog.get_logger()


def look_for_cards(db: Session) -> bool:
    """Lets one rule that is due do its work on the next cards; False when none is due. The caller commits.

    One board a transaction, so that two processes never wait for each other in a circle.
    """
    due = sa.and_(RuleRow.enabled, RuleRow.next_look_at <= clock.now())
    on_boards = sa.select(RuleRow.board_id).join(BoardRow, BoardRow.id == RuleRow.board_id).where(due)
    waiting = on_boards.where(BoardRow.archived_at.is_(None)).group_by(RuleRow.board_id)
    board = first_free(db, db.scalars(waiting.order_by(sa.func.min(RuleRow.next_look_at)).limit(BOARDS_AT_ONCE)).all())
    if board is None:
        return False
    next_one = sa.select(RuleRow.id).where(due, RuleRow.board_id == board.id).order_by(RuleRow.next_look_at).limit(1)
    claim = sa.update(RuleRow).where(RuleRow.id == next_one.scalar_subquery(), due)
    claimed = claim.values(next_look_at=clock.now() + EVERY).returning(RuleRow)
    row = db.scalar(claimed, execution_options={"populate_existing": True, "synchronize_session": False})
    if row is None:
        return True
    found = 0
    try:
        with db.begin_nested():
            found = _work_on(db, Rule.model_validate(row))
    except Exception:
        log.exception("rule_not_looked_at", rule_id=str(row.id))
    if found == AT_ONCE:
        db.execute(sa.update(RuleRow).where(RuleRow.id == row.id).values(next_look_at=clock.now()))
    return True


def _work_on(db: Session, rule: Rule) -> int:
    """How many cards it was about."""
    query = sa.select(CardRow, occasion(rule)).where(waiting_cards(rule, rule.board_id))
    found = db.execute(query.order_by(CardRow.number).limit(AT_ONCE)).tuples().all()
    if not found:
        return 0
    names = names_on(db, rule.board_id)
    done = [run_rule(db, rule, card, which, names) for card, which in found]
    log.info("rule_looked", rule_id=str(rule.id), cards=len(done), failed=done.count(Outcome.failed))
    return len(found)


def waiting_cards(rule: Rule, board_id: UUID) -> sa.ColumnElement[bool]:
    """Open cards whose time has come, and that this rule has not dealt with on this occasion."""
    dealt = sa.select(RunRow.id).where(
        RunRow.rule_id == rule.id, RunRow.card_id == CardRow.id, RunRow.occasion == occasion(rule)
    )
    return sa.and_(fits(rule, board_id), CardRow.completed_at.is_(None), _time_has_come(rule), ~dealt.exists())


def pass_over(db: Session, rule: Rule) -> None:
    """What it would do now counts as done: the cards came to the board as they are."""
    said = (sa.literal(Outcome.nothing.value), sa.literal("It was so already when the board was imported."))
    waiting = sa.select(
        sa.literal(rule.id), CardRow.id, CardRow.number, CardRow.title, occasion(rule), sa.literal(clock.now()), *said
    ).where(waiting_cards(rule, rule.board_id))
    names = ["rule_id", "card_id", "card_number", "card", "occasion", "at", "outcome", "text"]
    db.execute(sa.insert(RunRow).from_select(names, waiting))


def occasion(rule: Rule) -> sa.ColumnElement[str]:
    """Each due date is one, and so is each time the card changed its column."""
    when = _timed(rule)
    which = sa.cast(CardRow.due_on if isinstance(when, Due) else _last_move(TransitionRow.id), sa.Text)
    return sa.literal(f"{when.kind}:{when.days}:") + which


def _time_has_come(rule: Rule) -> sa.ColumnElement[bool]:
    when, today = _timed(rule), clock.now().astimezone(ZoneInfo(rule.zone)).date()
    if isinstance(when, Idle):
        return sa.type_coerce(_last_move(TransitionRow.at) <= clock.now() - timedelta(days=when.days), sa.Boolean())
    not_late = CardRow.due_on >= today if when.days >= 0 else sa.true()
    return sa.and_(CardRow.due_on <= today + timedelta(days=when.days), not_late)


def _timed(rule: Rule) -> Timed:
    assert isinstance(rule.when, Timed)
    return rule.when


def _last_move(what: Any) -> Any:
    """Into the column it is in now."""
    moved = sa.and_(
        TransitionRow.kind == EventKind.moved.value,
        TransitionRow.from_column_id.is_distinct_from(TransitionRow.to_column_id),
    )
    entered = sa.or_(TransitionRow.kind.in_(ENTERED), moved)
    lines = sa.select(what).where(TransitionRow.card_id == CardRow.id, entered)
    return lines.order_by(TransitionRow.id.desc()).limit(1).correlate(CardRow).scalar_subquery()
