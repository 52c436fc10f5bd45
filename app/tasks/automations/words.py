"""A rule as a sentence. Pure: names are given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.tasks.automations.parts import Action, Trigger

GONE = {
    "column": "a column that is gone",
    "label": "a label that is gone",
    "person": "somebody who does not see this board",
}
CATEGORIES = {"in_progress": "in progress", "accomplishment": "accomplishment", "highlight": "highlight"}


@dataclass(frozen=True)
class Names:
    """Of what stands on a board; `people` are those who see it."""

    columns: dict[UUID, str] = field(default_factory=dict)
    labels: dict[UUID, str] = field(default_factory=dict)
    people: dict[UUID, str] = field(default_factory=dict)

    def column(self, column_id: UUID) -> str:
        return f"“{self.columns[column_id]}”" if column_id in self.columns else GONE["column"]

    def label(self, label_id: UUID) -> str:
        return f"“{self.labels[label_id]}”" if label_id in self.labels else GONE["label"]

    def person(self, person_id: UUID) -> str:
        return self.people.get(person_id, GONE["person"])


def sentence(when: Trigger, condition: str, then: list[Action], names: Names) -> str:
    """`When a card is completed and label:bug, then move it to “Review” and tell Ann.`"""
    and_if = f" and {condition}" if condition else ""
    return f"When {trigger_words(when, names)}{and_if}, then {_listed([action_words(one, names) for one in then])}."


def trigger_words(when: Trigger, names: Names) -> str:
    return TRIGGERS[when.kind](when, names)


def action_words(then: Action, names: Names) -> str:
    return ACTIONS[then.kind](then, names)


def gone(when: Trigger, then: list[Action], names: Names) -> str | None:
    """The first thing that a rule names and that is no longer there."""
    for part in (when, *then):
        for kind, one in _named(part):
            if one not in {"column": names.columns, "label": names.labels, "person": names.people}[kind]:
                return f"It names {GONE[kind]}. Change the rule or delete it."
    return None


def _named(part: Any) -> Iterator[tuple[str, UUID]]:
    for kind in ("column", "label", "person"):
        if one := getattr(part, f"{kind}_id", None):
            yield kind, one
    for one in getattr(part, "person_ids", []):
        yield "person", one


def _in(column_id: UUID | None, names: Names, verb: str) -> str:
    return f"{verb} {names.column(column_id)}" if column_id else ""


def _due(days: int) -> str:
    if days == 0:
        return "an open card is due today"
    if days < 0:
        return f"an open card is {_days(-days)} overdue"
    return f"an open card is due within {_days(days)}"


def _told(then: Any, names: Names) -> str:
    who = [names.person(one) for one in then.person_ids]
    who += ["those it is assigned to"] if then.assignees else []
    who += ["who made it"] if then.author else []
    text = f": “{then.text}”" if then.text else ""
    return f"tell {_listed(who)}{text}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nobody"


TRIGGERS: dict[str, Callable[[Any, Names], str]] = {
    "created": lambda when, names: f"a card is made {_in(when.column_id, names, 'in')}".rstrip(),
    "moved": lambda when, names: f"a card is moved {_in(when.column_id, names, 'to') or 'to another column'}",
    "completed": lambda _, __: "a card is completed",
    "reopened": lambda _, __: "a completed card is opened again",
    "label_added": lambda when, names: f"a card gets the label {names.label(when.label_id)}",
    "checklist_done": lambda _, __: "all items of a card's checklist are done",
    "blocked": lambda _, __: "a card has to wait for another one",
    "unblocked": lambda _, __: "a card no longer waits for others",
    "due": lambda when, _: _due(when.days),
    "idle": lambda when, _: f"an open card has not been moved for {_days(when.days)}",
}
ACTIONS: dict[str, Callable[[Any, Names], str]] = {
    "move": lambda then, names: f"move it to {names.column(then.column_id)}",
    "priority": lambda then, _: f"set its priority to {then.priority.value}",
    "category": lambda then, _: f"set its category to {CATEGORIES[then.category.value]}",
    "add_label": lambda then, names: f"add the label {names.label(then.label_id)}",
    "remove_label": lambda then, names: f"remove the label {names.label(then.label_id)}",
    "assign": lambda then, names: f"assign it to {names.person(then.person_id)}",
    "unassign": lambda then, names: f"take it from {names.person(then.person_id) if then.person_id else 'everybody'}",
    "archive": lambda _, __: "archive it",
    "notify": _told,
    "checklist": lambda then, _: (
        f"add {'an item' if len(then.items) == 1 else f'{len(then.items)} items'} to its checklist"
    ),
}
