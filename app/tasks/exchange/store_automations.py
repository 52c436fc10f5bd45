"""Rules, recurring cards, templates and filters of a file of ours, made as people make them, once the cards are there.

What names something that is not on the new board is listed: a rule is switched off, the others go without it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.tasks.automations.recurring import create_recurrence
from app.tasks.automations.rules import take_rule
from app.tasks.automations.schemas import RecurrenceCreate, RuleCreate, TemplateCreate
from app.tasks.automations.templates import create_card_template
from app.tasks.exchange.draft import CHANGED, LEFT, Draft
from app.tasks.exchange.ids import Ids
from app.tasks.exchange.own_fields import PARTS
from app.tasks.exchange.references import Kind, renamed
from app.tasks.filters.saved import save_filter
from app.tasks.filters.schemas import FilterCreate

Thing = dict[str, Any]


def store_automations(db: Session, actor: Actor, draft: Draft, ids: Ids) -> None:
    """Each by itself: one that cannot be made is listed, and the others are."""
    taking = Taking(db, actor, draft, ids)
    for part, title in PARTS.items():
        for thing in draft.automations.get(part, []):
            taking.missing = []
            name = str(thing.get("name") or thing["content"].get("title") or "")
            try:
                with db.begin_nested():
                    TAKE[part](taking, thing)
            except (AppError, ValidationError) as error:
                draft.note(LEFT, f"{title} that cannot be made here", f"{name}: {_reason(error)}")
                continue
            if taking.missing:
                without = "switched off" if part == "rules" else "without it"
                text = f"{title} that name what is not on this board: they are {without}"
                draft.note(CHANGED, text, f"{name}: {', '.join(dict.fromkeys(taking.missing))}")


def _reason(error: AppError | ValidationError) -> str:
    if isinstance(error, AppError):
        return error.message
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


class Taking:
    """One file on its way to one board. `missing`: what the thing at hand names and is not here."""

    def __init__(self, db: Session, actor: Actor, draft: Draft, ids: Ids) -> None:
        self.db, self.actor, self.board_id = db, actor, ids.board
        self.missing: list[str] = []
        self.names = ids.person_names
        shown = {column.key for column in draft.columns if column.removed_at is None}
        self.known: dict[Kind, dict[str, UUID | None]] = {
            "column": {key: id_ for key, id_ in ids.columns.items() if key in shown},
            "label": {**ids.labels},
            "lane": {**ids.lanes},
            "person": {key: person.id for key, person in ids.people.items()},
        }

    def id_of(self, kind: Kind, key: str) -> str | None:
        if found := self.known[kind].get(key):
            return str(found)
        self.missing.append(self.names.get(key) or f"a {kind} that is gone")
        return None

    def id_or_nothing(self, kind: Kind, key: str) -> str:
        """For a rule, which shows by itself that something is gone."""
        return self.id_of(kind, key) or str(uuid4())

    def rule(self, thing: Thing) -> None:
        then = [renamed(one, self.id_or_nothing) for one in thing["then"]]
        new = RuleCreate.model_validate({**thing, "when": renamed(thing["when"], self.id_or_nothing), "then": then})
        take_rule(self.db, self.actor, self.board_id, new)

    def recurring(self, thing: Thing) -> None:
        content = renamed(thing["content"], self.id_of)
        new = RecurrenceCreate.model_validate({**renamed(thing, self.id_of), "content": content})
        create_recurrence(self.db, self.actor, self.board_id, new)

    def template(self, thing: Thing) -> None:
        new = TemplateCreate.model_validate({**thing, "content": renamed(thing["content"], self.id_of)})
        create_card_template(self.db, self.actor, self.board_id, new)

    def filter(self, thing: Thing) -> None:
        save_filter(self.db, self.actor, self.board_id, FilterCreate.model_validate(thing))


TAKE: dict[str, Callable[[Taking, Thing], None]] = {
    "rules": Taking.rule,
    "recurring": Taking.recurring,
    "templates": Taking.template,
    "filters": Taking.filter,
}
