"""Each table of the figures as CSV. Pure."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from app.core.spreadsheet import defuse
from app.tasks.metrics.schemas import Metrics, Spread

Cells = Iterable[Iterable[Any]]


def metrics_rows(metrics: Metrics, table: str) -> list[list[Any]]:
    """The names of the columns, then the values."""
    return [list(row) for row in METRIC_TABLES[table](metrics)]


def metrics_csv(metrics: Metrics, table: str) -> str:
    """`table` is one of METRIC_TABLES. No text of a stranger becomes a formula in a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in metrics_rows(metrics, table))
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return defuse(text) if isinstance(value, str) else text


def _flow(m: Metrics) -> Cells:
    columns = m.columns if len(m.boards) == 1 else []
    yield ["day", *(column.name for column in columns), "completed_off_board", "waiting", "started", "done"]
    for day in m.flow:
        yield [day.day, *day.columns, day.off_board, day.waiting, day.started, day.done]


def _burndown(m: Metrics) -> Cells:
    yield ["day", "open", "ideal", "open_estimate", "ideal_estimate", "open_without_estimate"]
    for d in m.flow:
        yield [d.day, d.open, d.ideal, d.open_estimate, d.ideal_estimate, d.unestimated]


def _days(m: Metrics) -> Cells:
    yield ["day", "created", "completed", "completed_estimate"]
    for day in m.days:
        yield [day.day, day.created, day.completed, day.completed_estimate]


def _weeks(m: Metrics) -> Cells:
    yield ["monday", "created", "completed", "whole_week"]
    for week in m.weeks:
        yield [week.monday, week.created, week.completed, "yes" if week.whole else "no"]


def _finished(m: Metrics) -> Cells:
    names = {board.id: board.name for board in m.boards}
    yield ["board", "number", "title", "created_at", "started_at", "completed_at", "lead_days", "cycle_days"]
    for c in m.finished:
        times = (c.created_at, c.started_at, c.completed_at)
        yield [names[c.board_id], c.number, c.title, *times, c.lead_days, c.cycle_days]


def _ageing(m: Metrics) -> Cells:
    names = {board.id: board.name for board in m.boards}
    yield ["board", "number", "title", "column", "assignees", "started_at", "age_days", "in_column_days", "late"]
    for c in m.ageing:
        who, late = ", ".join(c.assignees), "yes" if c.late else "no"
        yield [names[c.board_id], c.number, c.title, c.column, who, c.started_at, c.age_days, c.in_column_days, late]


def _workload(m: Metrics) -> Cells:
    yield ["person", "open", "estimate", "overdue", "completed"]
    for each in m.workload:
        yield [each.name, each.open, each.estimate, each.overdue, each.completed]


def _stays(m: Metrics) -> Cells:
    names = {board.id: board.name for board in m.boards}
    yield ["board", "column", *_SPREAD]
    for stay in m.stays:
        yield [names[stay.board_id], stay.name, *_spread(stay.time)]


def _times(m: Metrics) -> Cells:
    yield ["time", *_SPREAD]
    yield ["lead", *_spread(m.totals.lead)]
    yield ["cycle", *_spread(m.totals.cycle)]


def _boards(m: Metrics) -> Cells:
    yield ["board", "open", "started", "overdue", "created", "completed", *(f"cycle_{name}" for name in _SPREAD)]
    for b in m.by_board:
        yield [b.name, b.open, b.started, b.overdue, b.created, b.completed, *_spread(b.cycle)]


_SPREAD = ("cards", "p50_days", "p85_days", "p95_days")


def _spread(time: Spread) -> tuple[Any, ...]:
    return time.cards, time.p50, time.p85, time.p95


METRIC_TABLES: dict[str, Callable[[Metrics], Cells]] = {
    "flow": _flow,
    "burndown": _burndown,
    "days": _days,
    "weeks": _weeks,
    "times": _times,
    "completed": _finished,
    "ageing": _ageing,
    "columns": _stays,
    "workload": _workload,
    "boards": _boards,
}
