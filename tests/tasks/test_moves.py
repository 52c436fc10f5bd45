"""Where cards go."""

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.rank import MAX_LENGTH
from app.tasks.schemas import Board, BoardChange, CardCreate, ColumnEdit
from app.tasks.tables import CardRow
from tests.tasks.conftest import add, column, move, titles


def limit(db: Session, actor: Actor, board: Board, name: str, cards: int) -> None:
    columns = [
        ColumnEdit(id=c.id, name=c.name, is_done=c.is_done, wip_limit=cards if c.name == name else None)
        for c in board.columns
    ]
    tasks.change_board(db, actor, board.id, BoardChange(columns=columns))


def test_a_card_goes_below_above_or_to_the_end(db: Session, ann: Actor, board: Board) -> None:
    here = column(board, "To do")
    a, b, c, d = add(db, ann, board, "a", "b", "c", "d")
    d = move(db, ann, d, here, after=a.id)
    assert titles(db, ann, board, "To do") == ["a", "d", "b", "c"]
    c = move(db, ann, c, here, before=a.id)
    assert titles(db, ann, board, "To do") == ["c", "a", "d", "b"]
    move(db, ann, c, here)
    assert titles(db, ann, board, "To do") == ["a", "d", "b", "c"]
    move(db, ann, b, column(board, "Pending"))
    assert titles(db, ann, board, "Pending") == ["b"]


def test_a_move_to_where_the_card_is_changes_nothing(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    revision = tasks.board_revision(db, ann, board.id)
    assert move(db, ann, b, column(board, "To do"), after=a.id) == b
    assert move(db, ann, a, column(board, "To do"), before=b.id) == a
    assert tasks.board_revision(db, ann, board.id) == revision


def test_changing_the_order_within_a_column_is_no_transition(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    move(db, ann, b, column(board, "To do"), before=a.id)
    assert [event.kind for event in tasks.card_history(db, ann, b.id)] == ["created"]


def test_entering_a_done_column_completes_and_leaving_it_opens_again(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "a")
    card = move(db, ann, card, column(board, "Completed"))
    assert card.completed_at
    assert move(db, ann, card, column(board, "To do")).completed_at is None


def test_a_full_column_takes_no_more_by_any_way(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    limit(db, ann, board, "In progress", 1)
    busy = column(board, "In progress")
    a = move(db, ann, a, busy)
    with pytest.raises(tasks.ColumnFull, match="“In progress” takes at most 1 card"):
        move(db, ann, b, busy)
    with pytest.raises(tasks.ColumnFull):
        tasks.create_card(db, ann, board.id, CardCreate(title="c", column_id=busy))
    tasks.archive_card(db, ann, a.id)
    move(db, ann, b, busy)
    with pytest.raises(tasks.ColumnFull):
        tasks.revive_card(db, ann, a.id)


def test_order_can_change_inside_a_full_column(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    limit(db, ann, board, "To do", 2)
    move(db, ann, b, column(board, "To do"), before=a.id)
    assert titles(db, ann, board, "To do") == ["b", "a"]


def test_a_move_of_a_card_that_somebody_moved_is_refused(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "a")
    move(db, bob, card, column(board, "Pending"))
    with pytest.raises(tasks.StaleCard, match="Bob changed “a” in the meantime"):
        move(db, ann, card, column(board, "Completed"))


def test_one_neighbour_that_is_still_there_is_enough(db: Session, ann: Actor, board: Board) -> None:
    a, b, c = add(db, ann, board, "a", "b", "c")
    move(db, ann, a, column(board, "Pending"))
    move(db, ann, c, column(board, "To do"), after=a.id, before=b.id)
    assert titles(db, ann, board, "To do") == ["c", "b"]


def test_without_its_neighbours_a_move_is_refused(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    with pytest.raises(tasks.NeighboursMoved):
        move(db, ann, b, column(board, "Pending"), after=a.id)


def test_impossible_places_are_refused(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "a")
    with pytest.raises(Invalid, match="next to itself"):
        move(db, ann, card, column(board, "Pending"), after=card.id)
    with pytest.raises(Invalid, match="no column"):
        move(db, ann, card, uuid4())


def test_ranks_stay_short_when_cards_are_put_at_one_spot_again_and_again(db: Session, ann: Actor, board: Board) -> None:
    here = column(board, "To do")
    first, a, b = add(db, ann, board, "first", "a", "b")
    for _ in range(180):
        a, b = move(db, ann, b, here, after=first.id), a
    assert titles(db, ann, board, "To do")[0] == "first"
    longest = max(len(row.rank or "") for row in db.query(CardRow).filter_by(column_id=here))
    assert longest <= MAX_LENGTH


def test_the_board_is_read_in_six_queries_however_many_cards(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, *[f"card {n}" for n in range(30)], assignee_ids=[ann.id])
    seen: list[str] = []
    count = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
    try:
        assert len(tasks.board(db, ann, board.id).columns[0].cards) == 30
    finally:
        sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
    assert len([sql for sql in seen if sql.lstrip().upper().startswith("SELECT")]) == 6
