"""Cards as a table, as CSV, and what happened on a board."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, EventKind, LabelEdit, LaneEdit
from app.tasks.table.schemas import SortBy
from tests.tasks.conftest import add, column, make_person, move


def found(db: Session, actor: Actor, board: Board, text: str = "", **asked: object) -> list[str]:
    return [line.title for line in tasks.card_table(db, actor, board.id, text, **asked).lines]  # type: ignore[arg-type]


@pytest.fixture
def full(db: Session, ann: Actor, bob: Actor, board: Board) -> Board:
    labels, lanes = [LabelEdit(name="zeta"), LabelEdit(name="Alpha")], [LaneEdit(name="Z first"), LaneEdit(name="A")]
    tasks.change_board(db, ann, board.id, BoardChange(labels=labels, lanes=lanes))
    now = tasks.board(db, ann, board.id)
    ids, lane = {label.name: label.id for label in now.labels}, {one.name: one.id for one in now.lanes}
    both: dict[str, Any] = {"label_ids": list(ids.values()), "assignee_ids": [bob.id, ann.id]}
    add(db, ann, board, "b", priority="urgent", due_on="2026-03-09", lane_id=lane["A"], **both)
    add(db, ann, board, "A", to="Completed", priority="low", estimate=2, lane_id=lane["Z first"])
    add(db, ann, board, "c", category="highlight", label_ids=[ids["zeta"]], due_on="2026-03-02", estimate=0.5)
    return now


def test_a_line_has_all_that_a_table_shows(db: Session, ann: Actor, full: Board) -> None:
    line = tasks.card_table(db, ann, full.id, "b").lines[0]
    assert (line.column, line.lane, line.priority, line.labels) == ("To do", "A", "urgent", ["Alpha", "zeta"])
    assert (line.assignees, line.updated_at >= line.created_at) == (["Ann", "Bob"], True)


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("number", "bAc"), ("title", "Abc"), ("column", "bcA"), ("lane", "Abc"), ("priority", "Acb"),
        ("category", "bAc"), ("labels", "bcA"), ("assignees", "bAc"), ("due_on", "cbA"), ("estimate", "cAb"),
        ("completed_at", "Abc"), ("created_at", "bAc"), ("updated_at", "bAc"),
    ],
)  # fmt: skip
def test_every_column_sorts_and_what_is_empty_comes_last(
    db: Session, ann: Actor, full: Board, by: str, order: str
) -> None:
    assert "".join(found(db, ann, full, by=SortBy(by))) == order
    backwards = found(db, ann, full, by=SortBy(by), descending=True)
    assert sorted(backwards) == sorted(order)


def test_pages_and_the_total_follow_the_filter(db: Session, ann: Actor, full: Board) -> None:
    page = tasks.card_table(db, ann, full.id, "estimate:any", by=SortBy.estimate, limit=1, offset=1)
    assert (page.total, [line.title for line in page.lines]) == (2, ["A"])
    with pytest.raises(tasks.FilterError, match="Did you mean “status”"):
        tasks.card_table(db, ann, full.id, "statsu:x")


def test_archived_cards_are_there_when_they_are_asked_for(db: Session, ann: Actor, full: Board) -> None:
    [old] = add(db, ann, full, "old")
    tasks.archive_card(db, ann, old.id)
    assert "old" not in found(db, ann, full)
    assert found(db, ann, full, "is:archived") == found(db, ann, full, archived=True) == ["old"]
    assert found(db, ann, full, "-is:archived priority:medium") == ["c"]


def test_days_are_those_of_whoever_looks(db: Session, ann: Actor, full: Board) -> None:
    with clock.use(FixedClock(datetime(2026, 3, 9, 1, 0, tzinfo=UTC))):
        assert found(db, ann, full, "due:today", zone=ZoneInfo("UTC")) == ["b"]
        assert found(db, ann, full, "due:tomorrow", zone=ZoneInfo("America/New_York")) == ["b"]


def test_a_table_costs_the_same_queries_however_many_cards(db: Session, ann: Actor, full: Board) -> None:
    counts = set()
    for _ in range(2):
        seen: list[str] = []
        count = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
        tasks.card_table(db, ann, full.id, "is:open has:label,assignee")
        sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
        counts.add(len(seen))
        add(db, ann, full, *[f"more {n}" for n in range(20)], assignee_ids=[ann.id])
    assert counts == {3}


def test_all_that_a_filter_finds_comes_as_csv_and_no_formula_with_it(database: str) -> None:
    with transaction() as db:
        ann = make_person(db, "Ann", Role.member)
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        tasks.change_board(db, ann, board.id, BoardChange(labels=[LabelEdit(name="@SUM(A1)")]))
        label = tasks.board(db, ann, board.id).labels[0].id
        add(db, ann, board, "=1+1", "-2", 'say "hi", ok', label_ids=[label], estimate=2.5, due_on="2026-03-09")
        add(db, ann, board, *[f"card {n}" for n in range(60)])
    with transaction() as db:
        export = tasks.cards_csv(db, ann, board.id, "-title:nothing")
        some = tasks.cards_csv(db, ann, board.id, "title:hi")
    rows = list(csv.DictReader(io.StringIO(b"".join(export.parts).decode())))
    assert (len(rows), export.file_name) == (63, "Team cards.csv")
    assert [row["title"] for row in rows[:3]] == ["'=1+1", "'-2", 'say "hi", ok']
    assert (rows[0]["labels"], rows[0]["estimate"], rows[0]["due_on"]) == ("'@SUM(A1)", "2.5", "2026-03-09")
    assert b"".join(some.parts).count(b"\r\n") == 2


def test_what_happened_is_told_newest_first_of_all_cards(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    move(db, bob, a, column(board, "Completed"))
    tasks.archive_card(db, bob, b.id)
    tasks.delete_card(db, ann, b.id)
    lines = tasks.activity(db, ann, board.id).items
    assert [(one.kind, one.person, one.number) for one in lines] == [
        ("deleted", "Ann", 2), ("archived", "Bob", 2), ("moved", "Bob", 1), ("created", "Ann", 2), ("created", "Ann", 1)
    ]  # fmt: skip
    assert [one.kind for one in tasks.activity(db, ann, board.id, person_id=bob.id).items] == ["archived", "moved"]
    assert [one.title for one in tasks.activity(db, ann, board.id, kind=EventKind.created).items] == ["b", "a"]
    assert list(tasks.active_people(db, ann, board.id).values()) == ["Ann", "Bob"]


def test_a_long_history_of_a_board_comes_in_pages(db: Session, ann: Actor, board: Board) -> None:
    add(db, SYSTEM, board, *[f"Card {n}" for n in range(7)])
    seen, cursor = [], None
    for _ in range(3):
        page = tasks.activity(db, ann, board.id, limit=3, cursor=cursor)
        seen += [one.title for one in page.items]
        cursor = page.next_cursor
    assert (cursor, seen) == (None, [f"Card {n}" for n in reversed(range(7))])
