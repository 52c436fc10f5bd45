"""Boards with a past: lines of the logs as hypothesis invents them, and the same lines as rows of the database."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.tasks.tables import BoardRow, ColumnChangeRow, TransitionRow

START = datetime(2026, 3, 10, tzinfo=UTC)  # Berlin changes its clocks on the 29th
HOURS = 24 * 40
PEOPLE = [(str(UUID(int=n)), name) for n, name in enumerate(("Ann", "Bob"), start=1)]
LANES = [UUID(int=11), UUID(int=12)]


@dataclass
class Line:
    """A line of a card's log; `id` is its place among all lines, which need not be the order of time.

    `lane` is that of the card; the log names it as left when the card goes off the board.
    """

    id: int
    card: UUID
    at: datetime
    kind: str
    column: UUID | None
    completed_at: datetime | None
    lane: UUID | None
    labels: list[str]
    people: list[tuple[str, str]]
    estimate: float | None
    due_on: date | None
    priority: str = "medium"
    category: str = "in_progress"


@dataclass
class ColumnLine:
    column: UUID
    at: datetime
    name: str
    position: int
    is_done: bool
    removed: bool = False


@dataclass
class History:
    board: UUID
    lines: list[Line] = field(default_factory=list)
    columns: list[ColumnLine] = field(default_factory=list)


def history(dice: Random) -> History:
    made = History(uuid4())
    columns = [uuid4() for _ in range(dice.randint(2, 4))]
    _invent_columns(made, columns, dice)
    for _ in range(dice.randint(1, 7)):
        made.lines += _invent_card(columns, dice)
    _number(made.lines, dice)
    return made


def _number(lines: list[Line], dice: Random) -> None:
    """What was imported was told later, in any order; only what happened to a card at one moment keeps its order."""
    ids = list(range(1, len(lines) + 1))
    if dice.random() < 0.5:
        dice.shuffle(ids)
    at_once: dict[tuple[UUID, datetime], list[tuple[Line, int]]] = {}
    for line, id_ in zip(lines, ids, strict=True):
        at_once.setdefault((line.card, line.at), []).append((line, id_))
    for pairs in at_once.values():
        for (line, _), id_ in zip(pairs, sorted(id_ for _, id_ in pairs), strict=True):
            line.id = id_


def _invent_columns(made: History, columns: list[UUID], dice: Random) -> None:
    """As boards do it: each change is a whole new row of columns. Sometimes later than the past of the cards."""
    at = START + timedelta(hours=dice.choice([0, 0, 200]))
    order = list(columns)
    for _ in range(dice.randint(1, 4)):
        for position, column in enumerate(order):
            name, done = f"{dice.choice('abc')}{columns.index(column)}", dice.random() < 0.4
            made.columns.append(ColumnLine(column, at, name, position, done))
        at += timedelta(hours=dice.randint(0, 300))
        dice.shuffle(order)
        if len(order) > 1 and dice.random() < 0.3:
            gone = order.pop()
            made.columns.append(ColumnLine(gone, at, "gone", 0, is_done=False, removed=True))


def _invent_card(columns: list[UUID], dice: Random) -> list[Line]:
    card, at = uuid4(), START + timedelta(hours=dice.randrange(HOURS))
    lines: list[Line] = []
    column: UUID | None = dice.choice(columns)
    lane = dice.choice([None, *LANES])
    completed: datetime | None = None
    for number in range(dice.randint(1, 8)):
        if number:
            at += timedelta(hours=dice.choice([0, 1, 5, 22, 23, 24, 60]))
            was, column = column, dice.choice([*columns, *columns, column, None])
            if was is None and column is None:
                lines.append(replace(lines[-1], at=at, kind="deleted"))
                return lines
        if dice.random() < 0.6 and column:
            completed = (completed or at) if dice.random() < 0.6 else None
        if column:
            lane = dice.choice([lane, None, *LANES])
        kind = "created" if not number else "moved" if column else "archived"
        lines.append(
            Line(
                id=0,
                card=card,
                at=at,
                kind=kind,
                column=column,
                completed_at=completed,
                lane=lane,
                labels=dice.sample(["red", "blue"], dice.randint(0, 2)),
                people=dice.sample(PEOPLE, dice.randint(0, 2)),
                estimate=dice.choice([None, 1.0, 2.5]),
                due_on=dice.choice([None, (at + timedelta(days=dice.randint(-2, 9))).date()]),
                priority=dice.choice(["low", "high"]),
                category=dice.choice(["in_progress", "highlight"]),
            )
        )
    return lines


def store(db: Session, made: History) -> None:
    db.add(BoardRow(id=made.board, name="Invented", created_at=START))
    db.flush()
    db.add_all(_transition(made.board, line) for line in sorted(made.lines, key=lambda line: line.id))
    for line in made.columns:
        row = {name: getattr(line, name) for name in ("at", "name", "position", "is_done", "removed")}
        db.add(ColumnChangeRow(board_id=made.board, column_id=line.column, wip_limit=None, person_id=None, **row))
        db.flush()
    db.flush()


def _transition(board: UUID, line: Line) -> TransitionRow:
    fields: dict[str, Any] = {
        name: getattr(line, name)
        for name in ("kind", "at", "completed_at", "labels", "estimate", "due_on", "priority", "category")
    }
    return TransitionRow(
        board_id=board,
        card_id=line.card,
        person="Ann",
        title=f"Card {line.card}",
        to_column_id=line.column,
        to_column=line.column and str(line.column),
        to_lane_id=line.lane if line.column else None,
        from_lane_id=line.lane if line.kind == "archived" else None,
        assignees=[{"id": id_, "name": name} for id_, name in line.people],
        number=1,
        **fields,
    )
