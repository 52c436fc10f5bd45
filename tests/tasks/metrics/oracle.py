"""The same figures by replaying the log card by card in plain Python: slow, and nothing in common with the SQL."""

import math
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.tasks.metrics.histories import ColumnLine, History, Line

Fits = Any  # Callable[[Line], bool]


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def card_lines(history: History, end: datetime) -> list[list[Line]]:
    cards: dict[UUID, list[Line]] = {}
    for line in history.lines:
        if line.at < end:
            cards.setdefault(line.card, []).append(line)
    return [sorted(lines, key=lambda line: (line.at, line.id)) for lines in cards.values()]


def column_at(history: History, column: UUID, at: datetime) -> ColumnLine | None:
    known = sorted((each for each in history.columns if each.column == column), key=lambda each: each.at)
    past = [each for each in known if each.at <= at]
    return past[-1] if past else known[0] if known else None


def start_of_work(history: History, lines: list[Line]) -> datetime | None:
    where = None
    for line in lines:
        if line.column is not None and line.column != where:
            role = column_at(history, line.column, line.at)
            if role and role.position > 0 and not role.is_done and not role.removed:
                return line.at
        where = line.column
    return None


def state_before(lines: list[Line], moment: datetime) -> Line | None:
    past = [line for line in lines if line.at < moment]
    return past[-1] if past else None


def flow_at(history: History, moment: datetime, fits: Fits) -> dict[str, Any]:
    """The cards just before a moment."""
    columns: Counter[UUID | None] = Counter()
    stages: Counter[str] = Counter()
    estimate = 0.0
    unestimated = 0
    for lines in card_lines(history, moment):
        state = lines[-1]
        if not fits(state) or (state.column is None and state.completed_at is None):
            continue
        started = start_of_work(history, lines)
        stage = "done" if state.completed_at else "started" if started is not None else "waiting"
        columns[state.column] += 1
        stages[stage] += 1
        if stage != "done":
            estimate += state.estimate or 0
            unestimated += state.estimate is None
    return {"columns": columns, "stages": stages, "estimate": round(estimate, 2), "unestimated": unestimated}


def finished(history: History, since: datetime, end: datetime, fits: Fits) -> list[dict[str, Any]]:
    """By their last completion: a card that was opened again counts when it was completed anew."""
    found = []
    for lines in card_lines(history, end):
        done = lines[-1].completed_at
        if done is None or not since <= done < end or not fits(lines[-1]):
            continue
        started = start_of_work(history, lines)
        started = started if started is not None and started <= done else None
        lead = max((done - lines[0].at).total_seconds(), 0)
        cycle = None if started is None else (done - started).total_seconds()
        found.append({"card": lines[0].card, "at": done, "lead": lead, "cycle": cycle, "lines": lines})
    return found


def created(history: History, since: datetime, end: datetime, fits: Fits) -> list[datetime]:
    first = [lines[0] for lines in card_lines(history, end)]
    return [line.at for line in first if since <= line.at and fits(line)]


def days_of(seconds: list[float], share: float) -> float | None:
    """The shortest time that is at least that of `share` of the cards."""
    ordered = sorted(seconds)
    return ordered[math.ceil(share * len(ordered)) - 1] / 86400 if ordered else None


def stays(cards: list[dict[str, Any]]) -> dict[UUID, list[float]]:
    found: dict[UUID, list[float]] = {}
    for card in cards:
        spent: dict[UUID, float] = {}
        for line, after in zip(card["lines"], [*card["lines"][1:], None], strict=True):
            left = min(after.at if after else card["at"], card["at"])
            if line.column and line.at < card["at"]:
                spent[line.column] = spent.get(line.column, 0) + (left - line.at).total_seconds()
        for column, seconds in spent.items():
            found.setdefault(column, []).append(seconds)
    return found


def ageing(history: History, end: datetime, fits: Fits) -> dict[UUID, float]:
    found = {}
    for lines in card_lines(history, end):
        started = start_of_work(history, lines)
        if started and lines[-1].column and not lines[-1].completed_at and fits(lines[-1]):
            found[lines[0].card] = (end - started).total_seconds() / 86400
    return found


def workload(history: History, since: datetime, end: datetime, today: date, fits: Fits) -> dict[str, list[float]]:
    """Name → open, estimate, overdue, completed."""
    loads: dict[str, list[float]] = {}
    for lines in card_lines(history, end):
        state = lines[-1]
        done = state.completed_at is not None and since <= state.completed_at < end
        if not fits(state) or not (done or (state.column and not state.completed_at)):
            continue
        for name in [name for _, name in state.people] or ["Nobody"]:
            load = loads.setdefault(name, [0, 0, 0, 0])
            late = state.due_on is not None and state.due_on < today
            add = [0, 0, 0, 1] if done else [1, state.estimate or 0, int(late), 0]
            loads[name] = [a + b for a, b in zip(load, add, strict=True)]
    return loads


def end_of_day(day: date, zone: str) -> datetime:
    return midnight(day + timedelta(days=1), zone)
