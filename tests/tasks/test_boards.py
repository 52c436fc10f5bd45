"""Boards and their columns."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import Forbidden, Invalid, NotFound
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, BoardOptions, ColumnEdit, LaneEdit
from tests.tasks.conftest import add, column, make_person, titles


def edits(board: Board) -> list[ColumnEdit]:
    return [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done, wip_limit=c.wip_limit) for c in board.columns]


def test_a_new_board_has_the_four_usual_columns(db: Session, ann: Actor, board: Board) -> None:
    assert [(c.name, c.is_done) for c in board.columns] == [
        ("To do", False),
        ("In progress", False),
        ("Pending", False),
        ("Completed", True),
    ]
    assert [line.name for line in tasks.boards(db, ann)] == ["Team"]


def test_a_board_can_start_with_columns_of_its_own(db: Session, ann: Actor) -> None:
    new = BoardCreate(name="Sales", columns=[ColumnEdit(name="Lead"), ColumnEdit(name="Won", is_done=True)])
    board = tasks.board(db, ann, tasks.create_board(db, ann, new).id)
    assert [c.name for c in board.columns] == ["Lead", "Won"]


def test_columns_are_renamed_added_removed_and_put_in_order_in_one_step(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "a", to="Completed")
    todo, doing, _, done = edits(board)
    wanted = [done, ColumnEdit(name="Review", wip_limit=3), doing, todo.model_copy(update={"name": "Backlog"})]
    tasks.change_board(db, ann, board.id, BoardChange(name="Crew", columns=wanted))
    after = tasks.board(db, ann, board.id)
    assert after.name == "Crew"
    assert [(c.name, c.wip_limit) for c in after.columns] == [
        ("Completed", None),
        ("Review", 3),
        ("In progress", None),
        ("Backlog", None),
    ]
    assert after.columns[0].cards[0].title == "a"


def test_a_column_with_cards_cannot_be_removed(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "a", "b", to="Pending")
    keep = [edit for edit in edits(board) if edit.name != "Pending"]
    with pytest.raises(tasks.ColumnNotEmpty, match="“Pending” still holds 2 cards"):
        tasks.change_board(db, ann, board.id, BoardChange(columns=keep))
    assert titles(db, ann, board, "Pending") == ["a", "b"]


def test_a_column_that_becomes_done_completes_its_cards_and_says_so(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "a", to="Pending")
    columns = [edit.model_copy(update={"is_done": edit.name in ("Pending", "Completed")}) for edit in edits(board)]
    tasks.change_board(db, ann, board.id, BoardChange(columns=columns))
    assert tasks.card(db, ann, card.id).completed_at
    assert "completed_at" in tasks.card_history(db, ann, card.id)[0].changes


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([ColumnEdit(name="To do"), ColumnEdit(name="TO DO")], "two columns named “To do”"),
        ([ColumnEdit(id=uuid4(), name="Foreign")], "is no column of this board"),
    ],
)
def test_impossible_columns_are_refused(
    db: Session, ann: Actor, board: Board, bad: list[ColumnEdit], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        tasks.change_board(db, ann, board.id, BoardChange(columns=bad))


def test_only_its_owner_or_an_author_changes_a_board(
    db: Session, ann: Actor, bob: Actor, viewer: Actor, board: Board
) -> None:
    with pytest.raises(Forbidden, match="Only its owner or an author"):
        tasks.change_board(db, bob, board.id, BoardChange(name="Mine"))
    with pytest.raises(Forbidden):
        tasks.create_board(db, viewer, BoardCreate(name="Mine"))
    author = make_person(db, "Olga", Role.author)
    assert tasks.change_board(db, author, board.id, BoardChange(name="Ours")).name == "Ours"
    assert tasks.board(db, viewer, board.id).name == "Ours"


def test_an_unknown_board_is_not_found(db: Session, ann: Actor) -> None:
    for ask in (tasks.board, tasks.board_revision, tasks.search_cards):
        with pytest.raises(NotFound):
            ask(db, ann, uuid4())


def test_the_revision_grows_with_every_change(db: Session, ann: Actor, board: Board) -> None:
    seen = [tasks.board_revision(db, ann, board.id)]
    [card] = add(db, ann, board, "a")
    seen.append(tasks.board_revision(db, ann, board.id))
    tasks.archive_card(db, ann, card.id)
    seen.append(tasks.board_revision(db, ann, board.id))
    tasks.change_board(db, ann, board.id, BoardChange(name="Crew"))
    seen.append(tasks.board_revision(db, ann, board.id))
    assert seen == sorted(set(seen))
    assert column(tasks.board(db, ann, board.id), "To do") == column(board, "To do")


def test_who_saw_older_columns_lanes_or_labels_changes_nothing(db: Session, ann: Actor, board: Board) -> None:
    mine = tasks.change_board(db, ann, board.id, BoardChange(version=board.version, lanes=[LaneEdit(name="Web")]))
    with pytest.raises(tasks.StaleBoard, match="“Team” has got another name, column, lane or label in the meantime"):
        tasks.change_board(db, ann, board.id, BoardChange(version=board.version, lanes=[LaneEdit(name="Shop")]))
    assert [lane.name for lane in tasks.board(db, ann, board.id).lanes] == ["Web"]
    switched = tasks.change_board(db, ann, board.id, BoardChange(options=BoardOptions(stale_days=None)))
    assert switched.version == mine.version


def test_two_who_change_different_options_both_win_and_the_later_at_one_is_told(
    db: Session, ann: Actor, board: Board
) -> None:
    seen = board.options
    for options in (BoardOptions(stale_days=7), BoardOptions(forbid_done_while_blocked=True)):
        tasks.change_board(db, ann, board.id, BoardChange(options=options, options_seen=seen))
    now = tasks.board(db, ann, board.id).options
    assert now == seen.model_copy(update={"stale_days": 7, "forbid_done_while_blocked": True})
    late = BoardChange(options=BoardOptions(stale_days=3, due_soon_days=None), options_seen=seen)
    with pytest.raises(tasks.StaleBoard, match=r"options.stale_days: somebody else has set it to 7 meanwhile"):
        tasks.change_board(db, ann, board.id, late)
    assert tasks.board(db, ann, board.id).options == now
