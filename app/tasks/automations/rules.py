"""The rules of a board: made, changed, put in order, tried, and what they did."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.tasks.access import access_board
from app.tasks.automations.access import ARRANGE, READ, access_row
from app.tasks.automations.look import pass_over, waiting_cards
from app.tasks.automations.react import TIMED, fits, forget_rules, names_on
from app.tasks.automations.schemas import Rule, RuleChange, RuleCreate, RuleDraft, Run, Touched, Trial
from app.tasks.automations.tables import RuleRow, RunRow
from app.tasks.automations.words import Names, gone, sentence
from app.tasks.details.blockers import with_column
from app.tasks.filters.parse import parse
from app.tasks.filters.terms import Mine, leaves
from app.tasks.tables import CardRow

MAX_RULES = 100
SHOWN = 50
PARTS = ("when", "then", "condition")


class RuleChanged(Conflict):
    """Somebody else changed this rule in the meantime. Look at it again, then repeat your change."""


def rules(db: Session, actor: Actor, board_id: UUID, *, limit: int = 50, cursor: str | None = None) -> Page[Rule]:
    """In the order in which they run, each as a sentence."""
    access_board(db, actor, board_id)
    names = names_on(db, board_id)
    query = sa.select(RuleRow).where(RuleRow.board_id == board_id).execution_options(populate_existing=True)
    return fetch_page(
        db, query, lambda row: _seen(row, names), RuleRow.position, RuleRow.id, limit=limit, cursor=cursor
    )


def create_rule(db: Session, actor: Actor, board_id: UUID, new: RuleCreate) -> Rule:
    """Runs after those that are there. A rule that waits for time looks for its cards within minutes."""
    access_board(db, actor, board_id, write=True)
    names = names_on(db, board_id)
    _check(new, names)
    return _seen(_add(db, actor, board_id, new), names)


def take_rule(db: Session, actor: Actor, board_id: UUID, new: RuleCreate) -> None:
    """Of a board that was imported: switched off if it names what is not here; it leaves the cards as they came."""
    access_board(db, actor, board_id, write=True)
    _check_words(new)
    if gone(new.when, new.then, names_on(db, board_id)):
        new = new.model_copy(update={"enabled": False})
    rule = Rule.model_validate(_add(db, actor, board_id, new))
    if rule.when.kind in TIMED:
        pass_over(db, rule)


def _add(db: Session, actor: Actor, board_id: UUID, new: RuleCreate) -> RuleRow:
    held, last = db.execute(
        sa.select(sa.func.count(), sa.func.max(RuleRow.position)).where(RuleRow.board_id == board_id)
    ).one()
    if held >= MAX_RULES:
        raise Invalid(f"A board has at most {MAX_RULES} rules. Delete some, or make one rule of several.")
    now = clock.now()
    row = RuleRow(
        **new.model_dump(mode="json", exclude={"zone"}),
        board_id=board_id,
        zone=_zone(new.zone),
        position=0 if last is None else last + 1,
        owner_id=actor.id,
        version=1,
        created_at=now,
        changed_at=now,
        next_look_at=now if new.when.kind in TIMED else None,
    )
    db.add(row)
    db.flush()
    forget_rules(db)
    audit.record(db, actor, Action.rule_created, row.id, board=str(board_id), name=row.name)
    return row


def change_rule(db: Session, actor: Actor, rule_id: UUID, change: RuleChange) -> Rule:
    """Whoever changes what it does is its owner from then on. Raises RuleChanged."""
    row = access_row(db, actor, RuleRow, rule_id, ARRANGE)
    if row.version != change.version:
        raise RuleChanged
    names = names_on(db, row.board_id)
    given = change.model_dump(mode="json", exclude_none=True, exclude={"version", "position"})
    if "zone" in given:
        given["zone"] = _zone(given["zone"])
    for name, value in given.items():
        setattr(row, name, value)
    if given.keys() & set(PARTS):
        _check(RuleDraft.model_validate({part: getattr(row, part) for part in PARTS}), names)
        row.owner_id = actor.id
    if given.keys() & {*PARTS, "enabled"}:
        row.next_look_at = clock.now() if row.when["kind"] in TIMED else None
    if change.position is not None:
        _put_at(db, row, change.position)
    row.version += 1
    row.changed_at = clock.now()
    db.flush()
    forget_rules(db)
    audit.record(db, actor, Action.rule_changed, row.id, name=row.name, changed=sorted(change.model_fields_set))
    return _seen(row, names)


def delete_rule(db: Session, actor: Actor, rule_id: UUID) -> None:
    """With the log of its runs. What it did to cards stays in their history."""
    row = access_row(db, actor, RuleRow, rule_id, ARRANGE)
    audit.record(db, actor, Action.rule_deleted, row.id, board=str(row.board_id), name=row.name)
    db.delete(row)
    db.flush()
    forget_rules(db)


def try_rule(db: Session, actor: Actor, rule_id: UUID) -> Trial:
    """Which cards it would be about now: those that fit; of a rule that waits for time, those it has not seen yet."""
    row = access_row(db, actor, RuleRow, rule_id, READ)
    rule = Rule.model_validate(row)
    if rule.when.kind in TIMED:
        return _trial(db, waiting_cards(rule, row.board_id))
    return _trial(db, fits(rule, row.board_id))


def try_draft(db: Session, actor: Actor, board_id: UUID, draft: RuleDraft, zone: str = "") -> Trial:
    """The same for a rule that is not saved yet."""
    access_board(db, actor, board_id)
    _check(draft, names_on(db, board_id))
    facts: dict[str, Any] = {"name": "New", "enabled": True, "position": 0, "version": 1, "owner_id": actor.id}
    facts |= {"id": UUID(int=0), "board_id": board_id, "changed_at": clock.now(), "zone": _zone(zone)}
    rule = Rule.model_validate({**facts, **draft.model_dump()})
    return _trial(db, waiting_cards(rule, board_id) if rule.when.kind in TIMED else fits(rule, board_id))


def rule_runs(db: Session, actor: Actor, rule_id: UUID, *, limit: int = 50, cursor: str | None = None) -> Page[Run]:
    """Newest first, each with what was done or why not."""
    access_row(db, actor, RuleRow, rule_id, READ)
    query = sa.select(RunRow).where(RunRow.rule_id == rule_id).execution_options(populate_existing=True)
    return fetch_page(db, query, Run.model_validate, RunRow.id, limit=limit, cursor=cursor, newest_first=True)


def touched(card: CardRow, column: str | None) -> Touched:
    return Touched(card_id=card.id, number=card.number, title=card.title, column=column)


def _trial(db: Session, wanted: sa.ColumnElement[bool]) -> Trial:
    count = db.scalar(sa.select(sa.func.count()).select_from(CardRow).where(wanted)) or 0
    rows = db.execute(with_column().where(wanted).order_by(CardRow.number).limit(SHOWN)).tuples()
    return Trial(count=count, cards=[touched(*row) for row in rows])


def _check(draft: RuleDraft, names: Names) -> None:
    if problem := gone(draft.when, draft.then, names):
        raise Invalid(f"then, when: {problem}")
    _check_words(draft)


def _check_words(draft: RuleDraft) -> None:
    if any(isinstance(leaf, Mine) for leaf in leaves(parse(draft.condition).root)):
        raise Invalid("condition: “me” is nobody in a rule. Write the name of the person, such as assignee:Ann.")
    for part in draft.then:
        if part.kind == "notify" and not (part.person_ids or part.assignees or part.author):
            raise Invalid("then: say who is told: people by name, those the card is assigned to, or who made it.")


def _zone(name: str) -> str:
    zone = name or settings().tz_default
    if zone not in available_timezones():
        raise Invalid(f"zone: {zone!r} is not a time zone. Use a name such as Europe/Berlin or UTC.")
    return zone


def _put_at(db: Session, row: RuleRow, position: int) -> None:
    query = sa.select(RuleRow).where(RuleRow.board_id == row.board_id, RuleRow.id != row.id)
    others = list(db.scalars(query.order_by(RuleRow.position, RuleRow.id)))
    others.insert(position, row)
    for place, one in enumerate(others):
        one.position = place


def _seen(row: RuleRow, names: Names) -> Rule:
    rule = Rule.model_validate(row)
    words = sentence(rule.when, rule.condition, rule.then, names)
    return rule.model_copy(update={"words": words, "problem": gone(rule.when, rule.then, names)})
