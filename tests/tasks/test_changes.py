"""What an open board is told when it asks what is new."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.record import touch_cards
from app.tasks.schemas import Board, BoardChange, CardChange
from tests.tasks.conftest import add, column, move
from tests.tasks.counting import statements


def test_the_first_question_is_answered_with_every_card(db: Session, ann: Actor, board: Board) -> None:
    card, other = add(db, ann, board, "Call", "Write", due_on=date(2026, 3, 9), assignee_ids=[ann.id], estimate=1.5)
    tasks.archive_card(db, ann, other.id)
    changes = tasks.board_changes(db, ann, board.id)
    [face] = changes.cards
    assert (changes.full, changes.gone, changes.matching) == (True, [], None)
    assert (face.id, face.number, face.title, face.estimate) == (card.id, 1, "Call", 1.5)
    assert [one.name for one in face.assignees] == ["Ann"]
    assert [c.name for c in changes.columns] == [c.name for c in board.columns]


def test_later_only_what_changed_comes(db: Session, ann: Actor, board: Board) -> None:
    a, b, c = add(db, ann, board, "a", "b", "c")
    then = tasks.board_changes(db, ann, board.id).revision
    assert tasks.board_changes(db, ann, board.id, then).cards == []
    move(db, ann, b, column(board, "Pending"))
    tasks.archive_card(db, ann, c.id)
    changes = tasks.board_changes(db, ann, board.id, then)
    assert ([face.id for face in changes.cards], changes.gone, changes.full) == ([b.id], [c.id], False)
    touch_cards(db, board.id, [a.id])
    assert [face.id for face in tasks.board_changes(db, ann, board.id, changes.revision).cards] == [a.id]


def test_a_card_that_is_gone_for_good_makes_everybody_load_all(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    then = tasks.board_changes(db, ann, board.id).revision
    tasks.archive_card(db, ann, a.id)
    tasks.delete_card(db, ann, a.id)
    changes = tasks.board_changes(db, ann, board.id, then)
    assert (changes.full, [face.id for face in changes.cards]) == (True, [b.id])
    assert not tasks.board_changes(db, ann, board.id, changes.revision).full


def test_a_filter_tells_which_cards_it_finds(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "Budget", "Call Zoe")
    tasks.change_card(db, ann, a.id, CardChange(version=a.version, priority="urgent"))
    found = tasks.board_changes(db, ann, board.id, text="priority:urgent")
    assert (found.matching, len(found.cards)) == ([a.id], 2)
    assert tasks.board_changes(db, ann, board.id, found.revision, "zoe").matching == [b.id]
    assert [c.id for c in tasks.search_cards(db, ann, board.id, filter="-priority:urgent").items] == [b.id]
    with pytest.raises(Invalid, match="filter"):
        tasks.board_changes(db, ann, board.id, text="priority:(")


def test_another_name_of_the_board_is_news_without_cards(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "a")
    then = tasks.board_changes(db, ann, board.id).revision
    tasks.change_board(db, ann, board.id, BoardChange(name="Crew"))
    changes = tasks.board_changes(db, ann, board.id, then)
    assert (changes.name, changes.cards, changes.revision > then) == ("Crew", [], True)


@pytest.mark.parametrize("cards", [1, 40])
def test_the_number_of_queries_does_not_grow_with_the_cards(db: Session, ann: Actor, board: Board, cards: int) -> None:
    add(db, ann, board, *[f"card {n}" for n in range(cards)], assignee_ids=[ann.id])
    db.expire_all()
    with statements(db) as first:
        assert len(tasks.board_changes(db, ann, board.id).cards) == cards
    with statements(db) as idle:
        tasks.board_changes(db, ann, board.id, tasks.board_revision(db, ann, board.id)[0])
    with statements(db) as search:
        tasks.search_cards(db, ann, board.id, "card", filter="assignee:me")
    with statements(db) as whole:
        tasks.board(db, ann, board.id)
    assert (len(first), len(idle), len(search), len(whole)) == (8, 5, 3, 6)


def test_a_face_tells_since_when_its_open_card_stands_still(db: Session, ann: Actor, board: Board) -> None:
    made = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with clock.use(FixedClock(made)):
        a, b, c = add(db, ann, board, "a", "b", "c")
    with clock.use(FixedClock(made + timedelta(days=20))):
        tasks.change_card(db, ann, a.id, CardChange(version=a.version, priority="urgent"))
        move(db, ann, b, column(board, "Pending"))
        move(db, ann, c, column(board, "Completed"))
    stood = {face.title: face.moved_at for face in tasks.board_changes(db, ann, board.id).cards}
    assert stood == {"a": made, "b": made + timedelta(days=20), "c": None}
