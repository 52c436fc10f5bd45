"""What stands behind the colon of a field."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import cast

from app.tasks.filters.faults import FilterError, closest
from app.tasks.filters.terms import (
    All,
    Called,
    Chosen,
    Compared,
    Comparison,
    Contains,
    Dated,
    Day,
    Empty,
    Holds,
    Mine,
    Moment,
    Node,
    Not,
    Period,
    Shift,
    State,
    Unit,
)
from app.tasks.filters.tokens import Value
from app.tasks.filters.words import (
    CATEGORIES,
    NAMES,
    NONE,
    OPTIONAL,
    PAST,
    PEOPLE,
    PERIODS,
    PRIORITIES,
    STATES,
    TEXTS,
    THINGS,
)

COMPARED = re.compile(r"(<=|>=|<|>|=)?(.*)", re.DOTALL)
SHIFT = re.compile(r"([+-]?[0-9]{1,5})([dwmy])")
MAX_DAYS = {"d": 36_500, "w": 5_200, "m": 1_200, "y": 100}
AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
FLIPPED: dict[str, Comparison] = {"<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<"}
A_DATE = "a date such as 2026-03-09, 7d or today, none, or a range such as today..7d"


def understood(field: str, value: Value) -> Node:
    """Raises FilterError."""
    word = value.text.lower()
    if not value.quoted and word in NONE and field in OPTIONAL:
        return Empty(field) if NONE[word] else Not(Empty(field))
    if field in NAMES:
        return Mine(field) if word == "me" and field in PEOPLE and not value.quoted else Called(field, value.text)
    if field in TEXTS:
        return Contains(value.text, field)
    if field == "is":
        return State(_one_of(STATES, word, value))
    if field == "has":
        return Holds(_one_of(THINGS, word, value))
    if field == "category":
        return Chosen(field, _one_of(CATEGORIES, word, value))
    if field in ("priority", "estimate"):
        return _measured(field, value)
    return _dated(field, value)


def _one_of(known: dict[str, str], word: str, value: Value) -> str:
    if word in known:
        return known[word]
    shown = dict.fromkeys(known.values())
    raise FilterError(value.at, value.text, _listed(shown), suggestion=closest(word, known))


def _listed(words: Iterable[str]) -> str:
    return "one of " + ", ".join(words)


def _measured(field: str, value: Value) -> Node:
    low, dots, high = value.text.partition("..")
    if dots:
        return _between(field, low, high, value)
    match = COMPARED.fullmatch(value.text)
    assert match
    by = cast(Comparison, match[1] or "=")
    return Compared(field, by, _amount(field, match[2], value))


def _between(field: str, low: str, high: str, value: Value) -> Node:
    """Either end may be left open."""
    parts: list[Node] = []
    if low:
        parts.append(Compared(field, ">=", _amount(field, low, value)))
    if high:
        parts.append(Compared(field, "<=", _amount(field, high, value)))
    if not parts:
        raise FilterError(value.at, value.text, "a range such as 1..5")
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _amount(field: str, text: str, value: Value) -> Decimal:
    if field == "priority":
        word = text.lower()
        if word not in PRIORITIES:
            raise FilterError(value.at, value.text, _listed(PRIORITIES), suggestion=closest(word, PRIORITIES))
        return Decimal(PRIORITIES.index(word))
    if not AMOUNT.fullmatch(text):
        raise FilterError(value.at, value.text, "a number such as 3, >3, 1..5, none or any")
    return Decimal(text)


def _dated(field: str, value: Value) -> Node:
    if field == "due" and value.text.lower() == "overdue":
        return State("overdue")
    first, dots, last = value.text.partition("..")
    if dots and first and last:
        return Dated(field, "=", _moment(first, value), _moment(last, value))
    if dots and (first or last):
        return Dated(field, ">=" if first else "<=", _moment(first or last, value))
    match = COMPARED.fullmatch(value.text)
    assert match
    by, moment = cast(Comparison, match[1] or "="), _moment(match[2], value)
    # `created:<7d` is less than seven days ago, so after that day.
    return Dated(field, FLIPPED[by] if field in PAST and isinstance(moment, Shift) else by, moment)


def _moment(text: str, value: Value) -> Moment:
    word = text.lower()
    if word in PERIODS:
        return Period(word)
    if (shift := SHIFT.fullmatch(word)) and abs(int(shift[1])) <= MAX_DAYS[shift[2]]:
        return Shift(int(shift[1]), cast(Unit, shift[2]))
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return Day(date.fromisoformat(text))
    except ValueError:
        pass  # 2026-02-30
    suggestion = closest(word, [*PERIODS, "none", "overdue"]) if word.isascii() and word[:1].isalpha() else ""
    raise FilterError(value.at, value.text, A_DATE, suggestion=suggestion)
