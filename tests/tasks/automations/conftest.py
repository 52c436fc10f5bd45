"""Rules and what they need, in few words."""

from typing import Any

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.automations.schemas import Rule, RuleCreate, Run
from app.tasks.schemas import Board, BoardChange, Card, LabelEdit


def make_rule(db: Session, actor: Actor, board: Board, when: Any, *then: dict[str, Any], **more: Any) -> Rule:
    """`when` is a trigger, or the kind of one that needs no more."""
    trigger = {"kind": when} if isinstance(when, str) else when
    facts = {"name": "Rule", "when": trigger, "then": list(then), **more}
    return tasks.automations.create_rule(db, actor, board.id, RuleCreate.model_validate(facts))


def runs(db: Session, actor: Actor, rule: Rule) -> list[Run]:
    return tasks.automations.rule_runs(db, actor, rule.id).items


def outcomes(db: Session, actor: Actor, rule: Rule) -> list[str]:
    """Oldest first."""
    return [run.outcome.value for run in reversed(runs(db, actor, rule))]


def with_labels(db: Session, actor: Actor, board: Board, *names: str) -> Board:
    tasks.change_board(db, actor, board.id, BoardChange(labels=[LabelEdit(name=name) for name in names]))
    return tasks.board(db, actor, board.id)


def label(board: Board, name: str) -> str:
    return next(str(one.id) for one in board.labels if one.name == name)


def read(db: Session, actor: Actor, card: Card) -> Card:
    return tasks.card(db, actor, card.id)
