"""Asks the database for all figures at once and lays them out day by day."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.tasks.metrics.schemas import (
    AgeingCard,
    BoardFigures,
    DayCount,
    FinishedCard,
    FlowColumn,
    FlowDay,
    Load,
    MeasuredBoard,
    Metrics,
    MetricsQuery,
    Stay,
    Totals,
    WeekCount,
)
from app.tasks.metrics.statement import STATEMENT
from app.tasks.metrics.window import Window, monday_of

MOST_FINISHED, MOST_AGEING = 2_000, 200
NOBODY = "Nobody"
Found = dict[str, list[dict[str, Any]]]


def measure(db: Session, boards: dict[UUID, str], query: MetricsQuery, window: Window) -> Metrics:
    found = _ask(db, list(boards), query, window)
    columns = _columns(found, list(boards), window)
    days = _days(found, window)
    names = {column.id: column.name for column in columns}
    places = {column.id: place for place, column in enumerate(columns)}
    stays = [Stay(**row, **_of(columns, row)) for row in found["stay"]]
    late = found["age"][0]
    return Metrics(
        boards=[MeasuredBoard(id=id_, name=name) for id_, name in boards.items()],
        since=window.since,
        until=window.until,
        zone=window.zone.key,
        as_of=window.end,
        target=query.target,
        columns=columns,
        flow=_flow(found, window, columns if len(boards) == 1 else [], query.target),
        days=days,
        weeks=_weeks(days, window),
        totals=Totals.model_validate(found["total"][0]),
        stays=sorted(stays, key=lambda stay: places[stay.column_id]),
        finished=_latest_first([FinishedCard.model_validate(row) for row in found["finished"]]),
        ageing=_oldest_first([AgeingCard.model_validate(_named(row, names)) for row in found["ageing"]]),
        ageing_cards=late["ageing_cards"],
        late_cards=late["late_cards"],
        workload=_workload(found),
        by_board=_by_board(found, boards),
        insights=[],
    )


def _ask(db: Session, boards: list[UUID], query: MetricsQuery, window: Window) -> Found:
    text = {name: None if value is None else str(value) for name, value in _filters(query).items()}
    asked = {
        **text,
        "boards": boards,
        "since": window.edges[0],
        "before": window.before,
        "end": window.end,
        "edges": window.edges,
        "today": window.today,
        "most_finished": MOST_FINISHED,
        "most_ageing": MOST_AGEING,
    }
    found: Found = defaultdict(list)
    for part, row in db.execute(sa.text(STATEMENT), asked).tuples():
        found[part].append(row)
    return found


def _filters(query: MetricsQuery) -> dict[str, Any]:
    return query.model_dump(include={"lane", "label", "assignee", "category", "priority"})


def _columns(found: Found, boards: list[UUID], window: Window) -> list[FlowColumn]:
    """Those that are there, and removed ones that were of use: board by board, from left to right."""
    used = {row["column_id"] for row in found["stay"]} | _held(found, len(window.days))
    kept = [FlowColumn.model_validate(row) for row in found["column"] if not row["gone"] or row["id"] in used]
    return sorted(kept, key=lambda c: (boards.index(c.board_id), c.position, c.gone, c.name, c.id))


def _held(found: Found, last: int) -> set[str]:
    """The columns that held a card at the end of some day of the window."""
    came: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in found["flow"]:
        if row["column_id"] and row["day"] <= last:
            came[row["column_id"]][max(row["day"], 1)] += row["cards"]
    return {column for column, days in came.items() if any(accumulate(days[day] for day in sorted(days)))}


def _of(columns: list[FlowColumn], row: dict[str, Any]) -> dict[str, Any]:
    column = next(column for column in columns if str(column.id) == row["column_id"])
    return {"board_id": column.board_id, "name": column.name}


def _by_board(found: Found, boards: dict[UUID, str]) -> list[BoardFigures]:
    figures = {UUID(row["board_id"]): row for row in found["by_board"]}
    return [BoardFigures(**figures[id_], name=name) for id_, name in boards.items() if id_ in figures]


# The database picks which cards are in the lists; its joins keep no order.
def _latest_first(cards: list[FinishedCard]) -> list[FinishedCard]:
    return sorted(sorted(cards, key=lambda card: card.card_id), key=lambda card: card.completed_at, reverse=True)


def _oldest_first(cards: list[AgeingCard]) -> list[AgeingCard]:
    return sorted(cards, key=lambda card: (card.started_at, card.card_id))


def _named(row: dict[str, Any], names: dict[UUID, str]) -> dict[str, Any]:
    return {**row, "column": names.get(UUID(row["column_id"]), row["column"])}


def _flow(found: Found, window: Window, columns: list[FlowColumn], target: date | None) -> list[FlowDay]:
    """What came and went, added up: the first level is that of before the window."""
    came: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in found["flow"]:
        came[row["day"]].append(row)
    level = _Level()
    level.add(came[0])
    first, open_at_first, estimate_at_first = window.since, level.open, level.estimate
    flow = []
    for number, day in enumerate(window.days, start=1):
        level.add(came[number])
        ideal = _ideal(first, day, target)
        flow.append(
            FlowDay(
                day=day,
                columns=[level.columns[str(column.id)] for column in columns],
                off_board=level.columns[None],
                waiting=level.stages["waiting"],
                started=level.stages["started"],
                done=level.stages["done"],
                open=level.open,
                open_estimate=round(level.estimate, 2),
                unestimated=level.unestimated,
                ideal=None if ideal is None else open_at_first * ideal,
                ideal_estimate=None if ideal is None else round(estimate_at_first, 2) * ideal,
            )
        )
    return flow


class _Level:
    def __init__(self) -> None:
        self.columns: dict[str | None, int] = defaultdict(int)
        self.stages: dict[str, int] = defaultdict(int)
        self.open, self.estimate, self.unestimated = 0, 0.0, 0

    def add(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self.columns[row["column_id"]] += row["cards"]
            self.stages[row["stage"]] += row["cards"]
            if row["stage"] != "done":
                self.open += row["cards"]
                self.estimate += row["estimate"]
                self.unestimated += row["unestimated"] or 0


def _ideal(first: date, day: date, target: date | None) -> float | None:
    """The share that should be left at the end of `day`: nothing at the end of the target day."""
    if target is None or target < first:
        return None
    return max(0.0, 1 - ((day - first).days + 1) / ((target - first).days + 1))


def _days(found: Found, window: Window) -> list[DayCount]:
    counted = {(row["day"], row["kind"]): row for row in found["daily"]}
    nothing = {"cards": 0, "estimate": 0}
    return [
        DayCount(
            day=day,
            created=counted.get((number, "created"), nothing)["cards"],
            completed=counted.get((number, "completed"), nothing)["cards"],
            completed_estimate=counted.get((number, "completed"), nothing)["estimate"],
        )
        for number, day in enumerate(window.days, start=1)
    ]


def _weeks(days: list[DayCount], window: Window) -> list[WeekCount]:
    by_week: dict[date, list[DayCount]] = defaultdict(list)
    for day in days:
        by_week[monday_of(day.day)].append(day)
    return [
        WeekCount(
            monday=monday,
            created=sum(day.created for day in within),
            completed=sum(day.completed for day in within),
            whole=monday >= window.since and monday + timedelta(days=7) <= window.end.astimezone(window.zone).date(),
        )
        for monday, within in sorted(by_week.items())
    ]


def _workload(found: Found) -> list[Load]:
    """Who has most to do first; what is nobody's last."""
    people = [Load.model_validate({**row, "name": row["name"] or NOBODY}) for row in found["load"]]
    return sorted(people, key=lambda each: (each.person_id is None, -each.open, each.name, str(each.person_id)))
