"""The switches of a board: each does what it says, is kept, and can be switched off."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details import service as details
from app.tasks.details.schemas import BlockerAdd
from app.tasks.schemas import Board, BoardChange, BoardOptions
from tests.tasks.automations.conftest import make_rule, read
from tests.tasks.conftest import add, column, move


def switch(db: Session, actor: Actor, board: Board, **options: Any) -> None:
    tasks.change_board(db, actor, board.id, BoardChange(options=BoardOptions(**options)))


def there_and_back(db: Session, ann: Actor, board: Board, category: str) -> list[str]:
    """Its category when completed, and when opened again."""
    [card] = add(db, ann, board, "a", category=category)
    done = move(db, ann, card, column(board, "Completed"))
    return [done.category.value, move(db, ann, done, column(board, "To do")).category.value]


@pytest.mark.parametrize(
    ("category", "on", "off"),
    [
        ("in_progress", ["accomplishment", "in_progress"], ["in_progress", "in_progress"]),
        ("accomplishment", ["accomplishment", "in_progress"], ["accomplishment", "accomplishment"]),
        ("highlight", ["highlight", "highlight"], ["highlight", "highlight"]),
    ],
)
def test_completion_moves_the_category_there_and_back_and_highlights_stay(
    db: Session, ann: Actor, board: Board, category: str, on: list[str], off: list[str]
) -> None:
    assert there_and_back(db, ann, board, category) == on
    switch(db, ann, board, category_on_completion=False)
    assert there_and_back(db, ann, board, category) == off


def test_a_blocked_card_is_kept_from_done_only_while_the_switch_is_on(db: Session, ann: Actor, board: Board) -> None:
    first, second = add(db, ann, board, "first", "second")
    details.add_blocker(db, ann, second.id, BlockerAdd(card_id=first.id))
    switch(db, ann, board, forbid_done_while_blocked=True)
    with pytest.raises(details.CardBlocked, match="waits for “#1 first”"), db.begin_nested():
        move(db, ann, read(db, ann, second), column(board, "Completed"))
    switch(db, ann, board, forbid_done_while_blocked=False)
    assert move(db, ann, read(db, ann, second), column(board, "Completed")).completed_at


def test_a_rule_cannot_pass_the_switches_of_its_board(db: Session, ann: Actor, board: Board) -> None:
    first, second = add(db, ann, board, "first", "second")
    switch(db, ann, board, forbid_done_while_blocked=True)
    make_rule(db, ann, board, "blocked", {"kind": "move", "column_id": str(column(board, "Completed"))})
    details.add_blocker(db, ann, second.id, BlockerAdd(card_id=first.id))
    assert read(db, ann, second).completed_at is None


def test_switches_are_kept(db: Session, ann: Actor, board: Board) -> None:
    wanted = BoardOptions(
        category_on_completion=False,
        forbid_done_while_blocked=True,
        due_soon_days=None,
        stale_days=3,
        archive_after_days=90,
    )
    tasks.change_board(db, ann, board.id, BoardChange(options=wanted))
    assert tasks.board(db, ann, board.id).options == wanted
