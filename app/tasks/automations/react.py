"""Rules that wait for events run in the transaction of the change, under the lock it holds.

Whatever a rule does wrong stays inside of its savepoint: the change of the person it reacts to is never lost.
"""

from collections.abc import Sequence
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
from app.tasks.automations.many import DO as MANY
from app.tasks.automations.many import DoingMany, perform_all
from app.tasks.automations.notify import tell_owner
from app.tasks.automations.schemas import Outcome, Rule
from app.tasks.automations.tables import RuleRow, RunRow
from app.tasks.automations.words import Names, gone
from app.tasks.events import Batch
from app.tasks.filters.condition import condition
from app.tasks.filters.parse import parse
from app.tasks.tables import BoardRow, CardRow, LabelRow

Occasion = tuple[CardRow, str]  # a card and what makes this rule's turn at it unique

MAX_DEPTH = 3
FEW = 3  # cards up to which each is done by itself
UNSYNCED = {"synchronize_session": False}
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


def react(db: Session, actor: Actor, batch: Batch) -> None:
    """To all lines of one change. Without rules it costs one query a transaction at most."""
    heard = [(card, event) for card, event in batch if event.has_rules and not event.imported]
    rules = event_rules(db, heard[0][0].board_id) if heard else []
    if not rules:
        return
    board_id = heard[0][0].board_id
    try:
        with db.begin_nested():
            happened = Happened(db, heard, {rule.when.kind for rule in rules})
            chain = _chain.get() or Chain(cause=actor.id)
            for rule in rules:
                if about := happened.cards_for(rule.when):
                    _react_on(db, rule, [(card, f"event:{event.id}") for card, event in about], chain)
    except Exception:
        log.exception("rules_not_run", board_id=str(board_id), cards=len(heard))


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


def _react_on(db: Session, rule: Rule, about: list[Occasion], chain: Chain) -> None:
    cards = {card.id for card, _ in about}
    fitting = set(db.scalars(sa.select(CardRow.id).where(CardRow.id.in_(cards), fits(rule, about[0][0].board_id))))
    fit = [(card, occasion) for card, occasion in about if card.id in fitting]
    if chain.depth >= MAX_DEPTH:
        text = f"Stopped: {MAX_DEPTH} rules have already led to this change, one by the other."
        _log_all(db, rule, fit, (Outcome.stopped, text))
    elif len(fit) > FEW and all(one.kind in MANY for one in rule.then):
        _run_all(db, rule, fit, chain)
    else:
        for card, occasion in fit:
            _run(db, rule, card, occasion, chain)


def _run_all(db: Session, rule: Rule, fit: list[Occasion], chain: Chain) -> None:
    """In a number of statements that does not grow with the cards, unless one refuses: then one by one."""
    run_ids = _log_all(db, rule, fit, (Outcome.nothing, ""))
    fresh = [(card, occasion) for card, occasion in fit if (card.id, occasion) in run_ids]
    if not fresh:
        return
    names = names_on(db, fresh[0][0].board_id)
    ends = _attempt_all(db, rule, fresh, chain, names)
    if ends is None:
        ends = [_attempt(db, rule, card, occasion, chain, names) for card, occasion in fresh]
    same: dict[tuple[Outcome, str], list[int]] = {}
    for (card, occasion), end in zip(fresh, ends, strict=True):
        same.setdefault(end, []).append(run_ids[card.id, occasion])
    for (outcome, text), ids in same.items():
        values = {"outcome": outcome.value, "text": text}
        db.execute(sa.update(RunRow).where(RunRow.id.in_(ids)).values(values).execution_options(**UNSYNCED))
    failed = [(card, text) for (card, _), (outcome, text) in zip(fresh, ends, strict=True) if outcome is Outcome.failed]
    if failed:
        _tell_owner(db, rule, *failed[0])


def _attempt_all(
    db: Session, rule: Rule, fresh: list[Occasion], chain: Chain, names: Names
) -> list[tuple[Outcome, str]] | None:
    """None when any of them refuses: then nothing was done to any."""
    cards = list({card.id: card for card, _ in fresh}.values())
    board, mark = db.get_one(BoardRow, cards[0].board_id), _chain.set(Chain(chain.depth + 1, chain.cause))
    doing = DoingMany(db, rule_actor(rule), board, names, rule.name, f"rule:{rule.id}:{fresh[0][1]}", chain.cause)
    try:
        with db.begin_nested():
            if gone(rule.when, rule.then, names):
                return None
            told = perform_all(doing, rule.then, cards)
    except AppError:
        return None
    except Exception:
        log.exception("rule_failed_for_many", rule_id=str(rule.id), cards=len(cards))
        return None
    finally:
        _chain.reset(mark)
    return [_ended(told.pop(card.id, [])) for card, _ in fresh]  # a second occasion finds everything done


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
    return _ended(done)


def _ended(done: list[str]) -> tuple[Outcome, str]:
    if not done:
        return Outcome.nothing, "Everything was so already."
    text = "; ".join(done)
    return Outcome.done, text[0].upper() + text[1:] + "."


def _log(db: Session, rule: Rule, card: CardRow, occasion: str, said: tuple[Outcome, str]) -> int | None:
    """None when there is a run for this occasion already."""
    return _log_all(db, rule, [(card, occasion)], said).get((card.id, occasion))


def _log_all(
    db: Session, rule: Rule, about: Sequence[Occasion], said: tuple[Outcome, str]
) -> dict[tuple[UUID, str], int]:
    """Without those for which there is a run already."""
    same = {"rule_id": rule.id, "at": clock.now(), "outcome": said[0].value, "text": said[1]}
    rows = [
        {**same, "card_id": card.id, "card_number": card.number, "card": card.title, "occasion": occasion}
        for card, occasion in about
    ]
    if not rows:
        return {}
    new = insert(RunRow).on_conflict_do_nothing().returning(RunRow.card_id, RunRow.occasion, RunRow.id)
    return {(card_id, occasion): id_ for card_id, occasion, id_ in db.execute(new, rows).tuples()}


def _tell_owner(db: Session, rule: Rule, card: CardRow, why: str) -> None:
    """Once a day and rule."""
    subject = f"The rule “{rule.name}” could not do its work on #{card.number} {card.title}"
    key = f"rule-failed:{rule.id}:{clock.now():%Y-%m-%d}"
    tell_owner(db, card.board_id, rule.owner_id, key=key, subject=subject, text=why, card=card)
