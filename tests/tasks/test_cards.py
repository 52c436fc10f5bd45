"""Cards: make, change, archive, bring back, delete."""

from datetime import date
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, CardChange, CardCreate, ColumnEdit, Priority
from app.tasks.tables import TransitionRow
from tests.tasks.conftest import add, column, move, titles


def test_a_card_keeps_every_field(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    new = CardCreate(
        title="  Write the budget ",
        description="With **figures**",
        priority="urgent",
        category="highlight",
        start_on=date(2026, 3, 1),
        due_on=date(2026, 3, 9),
        assignee_ids=[bob.id, ann.id],
        estimate=2.5,
        column_id=column(board, "Pending"),
    )
    made = tasks.create_card(db, ann, board.id, new)
    shown = next(c for c in tasks.board(db, bob, board.id).columns if c.name == "Pending").cards
    assert shown == [made]
    assert (made.title, made.priority, made.number) == ("Write the budget", Priority.urgent, 1)
    assert ([one.name for one in made.assignees], made.owner_id, made.estimate) == (["Ann", "Bob"], ann.id, 2.5)
    assert made.description == "With **figures**"


def test_dates_and_assignees_can_be_cleared_and_the_rest_stays(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call", due_on=date(2026, 3, 9), assignee_ids=[ann.id], description="soon")
    change = CardChange(version=card.version, due_on=None, assignee_ids=[])
    after = tasks.change_card(db, ann, card.id, change)
    assert (after.due_on, after.assignees) == (None, [])
    assert (after.title, after.description, after.version) == ("Call", "soon", card.version + 1)


def test_two_people_changing_one_card_do_not_overwrite_each_other(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    [card] = add(db, ann, board, "Call")
    tasks.change_card(db, bob, card.id, CardChange(version=card.version, title="Call Zoe"))
    with pytest.raises(tasks.StaleCard, match="Bob changed “Call Zoe”"):
        tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="Call Max"))
    assert tasks.card(db, ann, card.id).title == "Call Zoe"


def test_a_change_that_changes_nothing_leaves_no_trace(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call")
    revision = tasks.board_revision(db, ann, board.id)
    assert tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="Call")) == card
    assert len(tasks.card_history(db, ann, card.id)) == 1
    assert tasks.board_revision(db, ann, board.id) == revision


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"start_on": date(2026, 3, 9), "due_on": date(2026, 3, 1)}, "due_on: 2026-03-01 is before"),
        ({"assignee_ids": [uuid4()]}, "assignee_ids: there is no active person"),
        ({"column_id": uuid4()}, "column: this board has no column"),
    ],
)
def test_an_impossible_card_is_refused_with_the_field_named(
    db: Session, ann: Actor, board: Board, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        tasks.create_card(db, ann, board.id, CardCreate.model_validate({"title": "Call", **fields}))


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "nul\x00"])
def test_a_title_must_be_one_that_can_be_shown(title: str) -> None:
    with pytest.raises(ValidationError):
        CardCreate(title=title)


def test_archived_cards_leave_the_board_and_come_back_to_their_column(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call", to="Pending")
    archived = tasks.archive_card(db, ann, card.id)
    assert titles(db, ann, board, "Pending") == []
    assert tasks.archive_card(db, ann, card.id) == archived
    assert [c.title for c in tasks.search_cards(db, ann, board.id, archived=True).items] == ["Call"]
    tasks.revive_card(db, ann, card.id)
    assert titles(db, ann, board, "Pending") == ["Call"]
    assert [e.kind for e in tasks.card_history(db, ann, card.id)] == ["revived", "archived", "created"]


def test_a_card_whose_column_is_gone_comes_back_to_the_first_one(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call", to="Pending")
    tasks.archive_card(db, ann, card.id)
    keep = [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done) for c in board.columns if c.name != "Pending"]
    tasks.change_board(db, ann, board.id, BoardChange(columns=keep))
    tasks.revive_card(db, ann, card.id)
    assert titles(db, ann, board, "To do") == ["Call"]
    assert tasks.card_history(db, ann, card.id)[-1].to_column == "Pending"


def test_an_archived_card_can_neither_be_moved_nor_changed(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call")
    card = tasks.archive_card(db, ann, card.id)
    with pytest.raises(tasks.CardIsArchived, match="“Call” is archived"):
        move(db, ann, card, column(board, "Pending"))
    with pytest.raises(tasks.CardIsArchived):
        tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="New"))


def test_deleting_needs_an_archived_card_and_keeps_its_history(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    [card] = add(db, ann, board, "Call")
    with pytest.raises(tasks.NotArchived):
        tasks.delete_card(db, ann, card.id)
    tasks.archive_card(db, ann, card.id)
    with pytest.raises(Forbidden, match="Only its owner"):
        tasks.delete_card(db, bob, card.id)
    tasks.delete_card(db, ann, card.id)
    with pytest.raises(NotFound):
        tasks.card(db, ann, card.id)
    assert [e.kind for e in tasks.card_history(db, ann, card.id)] == ["deleted", "archived", "created"]


def test_the_history_tells_old_new_who_and_when(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call")
    card = tasks.change_card(db, bob, card.id, CardChange(version=card.version, priority="high"))
    move(db, bob, card, column(board, "Completed"))
    moved, changed, created = tasks.card_history(db, ann, card.id)
    assert (moved.from_column, moved.to_column, moved.person) == ("To do", "Completed", "Bob")
    assert changed.changes == {"priority": ["medium", "high"]}
    assert (created.person, created.to_column) == ("Ann", "To do")
    assert moved.at >= changed.at >= created.at


def test_the_history_cannot_be_rewritten(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call")
    row = db.query(TransitionRow).filter_by(card_id=card.id).one()
    row.person = "Mallory"
    with pytest.raises(ProgrammingError, match="append-only"):
        db.flush()


def test_viewers_look_and_members_work(db: Session, ann: Actor, viewer: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "Call")
    assert tasks.card(db, viewer, card.id).title == "Call"
    for attempt in (
        lambda: tasks.create_card(db, viewer, board.id, CardCreate(title="x")),
        lambda: tasks.change_card(db, viewer, card.id, CardChange(version=1, title="x")),
        lambda: move(db, viewer, card, column(board, "Pending")),
        lambda: tasks.archive_card(db, viewer, card.id),
        lambda: tasks.revive_card(db, viewer, card.id),
        lambda: tasks.delete_card(db, viewer, card.id),
    ):
        with pytest.raises(Forbidden, match="needs the role member"):
            attempt()


def test_words_are_found_in_title_and_description_in_any_order(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "Quarterly budget", description="ask Zoe for 100% figures")
    add(db, ann, board, "Budget review")
    found = tasks.search_cards(db, ann, board.id, "zoe BUDGET").items
    assert [card.title for card in found] == ["Quarterly budget"]
    assert len(tasks.search_cards(db, ann, board.id, "100%").items) == 1
    assert tasks.search_cards(db, ann, board.id, "1_0%").items == []


def test_a_long_list_of_cards_comes_in_pages_without_gap_or_double(db: Session, ann: Actor, board: Board) -> None:
    add(db, SYSTEM, board, *[f"Card {n}" for n in range(7)])
    seen, cursor = [], None
    for _ in range(3):
        page = tasks.search_cards(db, ann, board.id, limit=3, cursor=cursor)
        seen += [card.title for card in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert sorted(seen) == [f"Card {n}" for n in range(7)]


def test_errors_of_the_board_are_conflicts() -> None:
    assert {tasks.ColumnFull.status, tasks.StaleCard.status, tasks.NotArchived.status} == {Conflict.status}
