"""Rules that wait for events run in the transaction of the change, under the lock it holds.

Whatever a rule does wrong stays inside of its savepoint: the change of the person it reacts to is never lost.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.errors import AppError, Invalid
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import columns_of
from app.tasks.automations.act import Doing, perform
from app.tasks.automations.happened import Happened
from app.tasks.automations.notify import tell_owner
from app.tasks.automations.schemas import Outcome, Rule
from app.tasks.automations.tables import RuleRow, RunRow
from app.tasks.automations.words import Names, gone
from app.tasks.filters.condition import condition
from app.tasks.filters.parse import parse
from app.tasks.tables import BoardRow, CardRow, LabelRow, TransitionRow

MAX_DEPTH = 3
KEPT = "automation_rules"
TIMED = {"due", "idle"}
DEFECT = "Something went wrong on our side. Nothing was changed; the log of the server says more."

log = structlog.get_logger()


@dataclass(frozen=True)
class Chain:
    """How many rules have led here, and whose change was the first."""

    depth: int = 0
    cause: UUID | None = None


_chain: ContextVar[Chain | None] = ContextVar("automation_chain", default=None)


def react(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    """For each line of a card's history. Without rules it costs one query a transaction at most."""
    rules = [] if event.imported or not event.has_rules else event_rules(db, card.board_id)
    if not rules:
        return
    try:
        with db.begin_nested():
            happened = Happened(db, card, event, {rule.when.kind for rule in rules})
            chain = _chain.get() or Chain(cause=actor.id)
            for rule in rules:
                for one in happened.cards_for(rule.when):
                    _react_on(db, rule, one, f"event:{event.id}", chain)
    except Exception:
        log.exception("rules_not_run", board_id=str(event.board_id), card_id=str(event.card_id))


def event_rules(db: Session, board_id: UUID) -> list[Rule]:
    """In their order; kept for the transaction, because rules change under the board's lock only."""
    transaction, kept = db.info.get(KEPT, (None, {}))
    if transaction is not db.get_transaction():
        kept = {}
        db.info[KEPT] = (db.get_transaction(), kept)
    if board_id not in kept:
        rows = sa.select(RuleRow).where(RuleRow.board_id == board_id, RuleRow.enabled)
        found = [Rule.model_validate(row) for row in db.scalars(rows.order_by(RuleRow.position, RuleRow.id))]
        kept[board_id] = [rule for rule in found if rule.when.kind not in TIMED]
    return list(kept[board_id])


def forget_rules(db: Session) -> None:
    db.info.pop(KEPT, None)


def run_rule(db: Session, rule: Rule, card: CardRow, occasion: str, names: Names | None = None) -> Outcome | None:
    """Does all of it or nothing, and logs it. None when this occasion was dealt with before."""
    return _run(db, rule, card, occasion, _chain.get() or Chain(), names)


def names_on(db: Session, board_id: UUID) -> Names:
    board = db.get_one(BoardRow, board_id)
    labels = sa.select(LabelRow.id, LabelRow.name).where(LabelRow.board_id == board_id)
    return Names(
        columns={column.id: column.name for column in columns_of(db, board_id).values()},
        labels=dict(db.execute(labels).tuples().all()),
        people=sharing.audience(db, Kind.board, board),
    )


def fits(rule: Rule, board_id: UUID) -> sa.ColumnElement[bool]:
    """For a query over CardRow: cards on the board that fit the rule's condition."""
    fitting = condition(parse(rule.condition), rule_actor(rule), board_id, ZoneInfo(rule.zone))
    return sa.and_(CardRow.board_id == board_id, CardRow.archived_at.is_(None), fitting)


def rule_actor(rule: Rule) -> Actor:
    """What the history of a card calls a rule."""
    return Actor(id=None, name=f"Rule “{rule.name}”", role=Role.admin)


def _react_on(db: Session, rule: Rule, card: CardRow, occasion: str, chain: Chain) -> None:
    if db.scalar(sa.select(CardRow.id).where(CardRow.id == card.id, fits(rule, card.board_id))) is None:
        return
    if chain.depth >= MAX_DEPTH:
        text = f"Stopped: {MAX_DEPTH} rules have already led to this change, one by the other."
        _log(db, rule, card, occasion, (Outcome.stopped, text))
        return
    _run(db, rule, card, occasion, chain)


def _run(
    db: Session, rule: Rule, card: CardRow, occasion: str, chain: Chain, names: Names | None = None
) -> Outcome | None:
    run_id = _log(db, rule, card, occasion, (Outcome.nothing, ""))
    if run_id is None:
        return None
    outcome, text = _attempt(db, rule, card, occasion, chain, names or names_on(db, card.board_id))
    db.execute(sa.update(RunRow).where(RunRow.id == run_id).values(outcome=outcome.value, text=text))
    if outcome is Outcome.failed:
        _tell_owner(db, rule, card, text)
    return outcome


def _attempt(db: Session, rule: Rule, card: CardRow, occasion: str, chain: Chain, names: Names) -> tuple[Outcome, str]:
    mark = _chain.set(Chain(chain.depth + 1, chain.cause))
    doing = Doing(db, rule_actor(rule), card, names, rule.name, f"rule:{rule.id}:{card.id}:{occasion}", chain.cause)
    try:
        with db.begin_nested():
            if problem := gone(rule.when, rule.then, names):
                raise Invalid(problem)
            done = perform(doing, rule.then)
    except AppError as error:
        return Outcome.failed, error.message
    except Exception:
        log.exception("rule_failed", rule_id=str(rule.id), card_id=str(card.id))
        return Outcome.failed, DEFECT
    finally:
        _chain.reset(mark)
    if not done:
        return Outcome.nothing, "Everything was so already."
    text = "; ".join(done)
    return Outcome.done, text[0].upper() + text[1:] + "."


def _log(db: Session, rule: Rule, card: CardRow, occasion: str, said: tuple[Outcome, str]) -> int | None:
    """None when there is a run for this occasion already."""
    row = insert(RunRow).values(
        rule_id=rule.id,
        card_id=card.id,
        card_number=card.number,
        card=card.title,
        occasion=occasion,
        at=clock.now(),
        outcome=said[0].value,
        text=said[1],
    )
    return db.scalar(row.on_conflict_do_nothing().returning(RunRow.id))


def _tell_owner(db: Session, rule: Rule, card: CardRow, why: str) -> None:
    """Once a day and rule."""
    subject = f"The rule “{rule.name}” could not do its work on #{card.number} {card.title}"
    key = f"rule-failed:{rule.id}:{clock.now():%Y-%m-%d}"
    tell_owner(db, card.board_id, rule.owner_id, key=key, subject=subject, text=why, card=card)
