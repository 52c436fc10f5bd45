"""A filter in plain words, to check that it was understood as it was meant."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.tasks.filters.terms import (
    All,
    Called,
    Chosen,
    Compared,
    Contains,
    Dated,
    Day,
    Either,
    Empty,
    Filter,
    Holds,
    Mine,
    Moment,
    Node,
    Not,
    Numbered,
    Shift,
    State,
)
from app.tasks.filters.words import PAST, PERIODS, PRIORITIES

SUBJECTS = {
    "status": "column",
    "author": "made by",
    "due": "due",
    "start": "start",
    "description": "description",
}
THAN = {"<": "less than", "<=": "at most", "=": "", ">=": "at least", ">": "more than"}
WHEN = {"<": "before", "<=": "up to", "=": "", ">=": "from", ">": "after"}
UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}


def describe(found: Filter) -> str:
    """Such as `cards whose priority is at least high and that are overdue`."""
    return "all cards" if found.root is None else "cards: " + _told(found.root)


def _told(node: Node, inside: bool = False) -> str:
    if isinstance(node, Not):
        return f"not {_told(node.part, inside=True)}"
    if isinstance(node, All | Either):
        text = (", and " if isinstance(node, All) else ", or ").join(_told(part, inside=True) for part in node.parts)
        return f"({text})" if inside else text
    return LEAVES[type(node)](node)


def _subject(field: str) -> str:
    return SUBJECTS.get(field, field)


def _called(leaf: Called) -> str:
    return f"{_subject(leaf.field)} “{leaf.name}”"


def _compared(leaf: Compared) -> str:
    return " ".join(filter(None, (leaf.field, THAN[leaf.by], _amount(leaf.field, leaf.value))))


def _amount(field: str, value: Decimal) -> str:
    return PRIORITIES[int(value)] if field == "priority" else f"{value.normalize():f}"


def _dated(term: Dated) -> str:
    first = _moment(term.first, term.field)
    if term.last is not None:
        return f"{term.field} between {first} and {_moment(term.last, term.field)}"
    return " ".join(filter(None, (term.field, WHEN[term.by], first)))


def _moment(moment: Moment, field: str) -> str:
    if isinstance(moment, Day):
        return f"{moment.day.day} {moment.day:%b} {moment.day.year}"
    if not isinstance(moment, Shift):
        return PERIODS[moment.name]
    count, past = abs(moment.count), (moment.count < 0) != (field in PAST)
    if count == 0:
        return "today"
    amount = f"{count} {UNITS[moment.unit]}{'s' if count > 1 else ''}"
    return f"{amount} ago" if past else f"{amount} from today"


LEAVES: dict[type[Node], Callable[[Any], str]] = {
    Contains: lambda leaf: f"“{leaf.text}” in the {leaf.where or 'title or description'}",
    Numbered: lambda leaf: f"the card #{leaf.number}",
    Called: _called,
    Mine: lambda leaf: "assigned to me" if leaf.field == "assignee" else "made by me",
    Empty: lambda leaf: f"no {_subject(leaf.field)}",
    Chosen: lambda leaf: f"{leaf.field} {leaf.value.replace('_', ' ')}",
    Compared: _compared,
    Dated: _dated,
    State: lambda leaf: leaf.name,
    Holds: lambda leaf: f"with {leaf.thing}",
}
