"""Boards that go out of use."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import Forbidden, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardChange, CardCreate, LabelEdit, LaneEdit
from app.tasks.tables import BoardRow, CardRow, TransitionRow
from tests.tasks.conftest import add, column, make_person, move


def test_an_archived_board_leaves_the_lists_and_can_only_be_read(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    [card] = add(db, ann, board, "a", assignee_ids=[ann.id])
    tasks.archive_board(db, ann, board.id)
    assert (tasks.boards(db, ann), tasks.my_open_cards(db, ann)) == ([], [])
    assert [line.id for line in tasks.boards_page(db, bob, archived=True).items] == [board.id]
    assert tasks.board(db, bob, board.id).columns[0].cards[0].title == "a"
    for attempt in (
        lambda: tasks.create_card(db, ann, board.id, CardCreate(title="b")),
        lambda: tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="b")),
        lambda: move(db, ann, card, column(board, "Pending")),
        lambda: tasks.change_board(db, ann, board.id, BoardChange(name="New")),
        lambda: tasks.undo(db, ann, board.id),
    ):
        with pytest.raises(tasks.BoardIsArchived, match="“Team” is archived"):
            attempt()
    tasks.revive_board(db, ann, board.id)
    assert move(db, ann, card, column(board, "Pending")).version == 2


def test_a_board_is_deleted_with_all_that_belongs_to_it_and_no_other(db: Session, ann: Actor, board: Board) -> None:
    other = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Other")).id)
    add(db, ann, other, "stays")
    lists = BoardChange(lanes=[LaneEdit(name="Web")], labels=[LabelEdit(name="Bug")])
    tasks.change_board(db, ann, board.id, lists)
    now = tasks.board(db, ann, board.id)
    cards = add(db, ann, now, "a", "b", lane=now.lanes[0].id, label_ids=[now.labels[0].id], assignee_ids=[ann.id])
    tasks.archive_card(db, ann, cards[0].id)
    with pytest.raises(tasks.BoardInUse):
        tasks.delete_board(db, ann, board.id)
    tasks.archive_board(db, ann, board.id)
    tasks.delete_board(db, ann, board.id)
    with pytest.raises(NotFound):
        tasks.board(db, ann, board.id)
    left = [db.scalar(sa.select(sa.func.count()).select_from(row)) for row in (BoardRow, CardRow, TransitionRow)]
    assert left == [1, 1, 1]
    with pytest.raises(NotFound):
        sharing.shares(db, ann, Kind.board, board.id)


def test_only_the_owner_and_administrators_put_a_board_away(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    author = make_person(db, "Olga", Role.author)
    for somebody in (bob, author):
        for attempt in (tasks.archive_board, tasks.revive_board, tasks.delete_board):
            with pytest.raises(Forbidden, match="Only its owner or an administrator"):
                attempt(db, somebody, board.id)
    assert tasks.archive_board(db, make_person(db, "Root", Role.admin), board.id).archived_at


def test_the_log_of_a_board_in_use_cannot_be_deleted(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "a")
    with pytest.raises(ProgrammingError, match="append-only"):
        db.execute(sa.delete(TransitionRow).where(TransitionRow.board_id == board.id))
