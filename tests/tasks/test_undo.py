"""Taking back what one did on a board, and doing it again."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, CardChange, ColumnEdit, LabelEdit, LaneEdit
from app.tasks.undo import remember
from tests.tasks.automations.conftest import make_rule
from tests.tasks.conftest import add, column, move, titles


def shown(db: Session, actor: Actor, board: Board) -> dict[str, list[str]]:
    return {c.name: [card.title for card in c.cards] for c in tasks.board(db, actor, board.id).columns if c.cards}


def set_done(db: Session, actor: Actor, board: Board, name: str, *, is_done: bool) -> None:
    edits = [
        ColumnEdit(id=one.id, name=one.name, is_done=is_done if one.name == name else one.is_done)
        for one in board.columns
    ]
    tasks.change_board(db, actor, board.id, BoardChange(columns=edits))


def test_a_card_goes_back_to_where_it_was_and_forth_again(db: Session, ann: Actor, board: Board) -> None:
    _, b, _ = add(db, ann, board, "a", "b", "c")
    done = move(db, ann, b, column(board, "Completed"))
    assert (done.category, done.completed_at is not None) == ("accomplishment", True)
    assert tasks.undo(db, ann, board.id).message == "Undone: the move of “b”."
    assert shown(db, ann, board) == {"To do": ["a", "b", "c"]}
    back = tasks.card(db, ann, b.id)
    assert (back.category, back.completed_at) == ("in_progress", None)
    tasks.redo(db, ann, board.id)
    assert shown(db, ann, board) == {"To do": ["a", "c"], "Completed": ["b"]}
    events = [(e.kind, e.from_column, e.to_column) for e in tasks.card_history(db, ann, b.id)[:3]]
    forth = ("moved", "To do", "Completed")
    assert events == [forth, ("moved", "Completed", "To do"), forth]


def test_every_kind_of_edit_is_taken_back_in_turn(db: Session, ann: Actor, board: Board) -> None:
    tasks.change_board(db, ann, board.id, BoardChange(lanes=[LaneEdit(name="Web")], labels=[LabelEdit(name="Bug")]))
    now = tasks.board(db, ann, board.id)
    lane, label = now.lanes[0].id, now.labels[0].id
    [card] = add(db, ann, board, "Call")
    fields = {"title": "Call Zoe", "label_ids": [label], "assignee_ids": [ann.id], "estimate": 2, "lane": lane}
    card = tasks.change_card(db, ann, card.id, CardChange(version=card.version, **fields))
    tasks.archive_card(db, ann, card.id)
    tasks.revive_card(db, ann, card.id)
    changed = tasks.card(db, ann, card.id)
    for _ in range(4):
        step = tasks.undo(db, ann, board.id)
    assert (step.undo, step.redo, shown(db, ann, board)) == (False, True, {})
    with pytest.raises(tasks.NothingToUndo):
        tasks.undo(db, ann, board.id)
    for _ in range(4):
        step = tasks.redo(db, ann, board.id)
    assert (step.undo, step.redo) == (True, False)
    again = tasks.card(db, ann, card.id)
    apart = {"version", "archived_at"}
    assert again.model_dump(exclude=apart) == changed.model_dump(exclude=apart)


def test_what_somebody_else_changed_since_is_left_alone(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    move(db, ann, a, column(board, "Pending"))
    moved = move(db, ann, b, column(board, "Pending"))
    tasks.change_card(db, bob, b.id, CardChange(version=moved.version, title="b, urgently"))
    with pytest.raises(tasks.ChangedSince, match="Bob changed “b, urgently”") as refused:
        tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "Pending") == ["a", "b, urgently"]
    tasks.undo(db, ann, board.id, skip=refused.value.details[0]["step"])
    assert shown(db, ann, board) == {"To do": ["a"], "Pending": ["b, urgently"]}


def test_everybody_takes_back_only_what_they_did(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    move(db, bob, a, column(board, "Pending"))
    move(db, ann, b, column(board, "Pending"))
    tasks.undo(db, bob, board.id)
    assert shown(db, ann, board) == {"To do": ["a"], "Pending": ["b"]}
    assert tasks.next_steps(db, bob, board.id).redo == "the move of “a”"


def test_an_edit_after_an_undo_leaves_nothing_to_redo(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    move(db, ann, a, column(board, "Pending"))
    tasks.undo(db, ann, board.id)
    move(db, ann, b, column(board, "Pending"))
    with pytest.raises(tasks.NothingToRedo):
        tasks.redo(db, ann, board.id)


def test_many_cards_are_one_step(db: Session, ann: Actor, board: Board) -> None:
    cards = add(db, ann, board, "a", "b", "c")
    with tasks.one_step(db):
        for card in cards:
            card = move(db, ann, card, column(board, "Pending"))
            tasks.change_card(db, ann, card.id, CardChange(version=card.version, priority="high"))
    assert tasks.undo(db, ann, board.id).message == "Undone: the changes of 3 cards."
    assert shown(db, ann, board) == {"To do": ["a", "b", "c"]}
    assert tasks.card(db, ann, cards[0].id).priority == "medium"
    tasks.redo(db, ann, board.id)
    assert shown(db, ann, board) == {"Pending": ["a", "b", "c"]}


def test_a_step_is_taken_back_as_a_whole_or_not_at_all(db: Session, ann: Actor, board: Board) -> None:
    cards = add(db, ann, board, "a", "b")
    with tasks.one_step(db):
        for card in cards:
            move(db, ann, card, column(board, "Pending"))
    columns = [{"id": c.id, "name": c.name, "wip_limit": 1 if c.name == "To do" else None} for c in board.columns]
    tasks.change_board(db, ann, board.id, BoardChange.model_validate({"columns": columns}))
    with pytest.raises(tasks.ColumnFull):
        tasks.undo(db, ann, board.id)
    assert shown(db, ann, board) == {"Pending": ["a", "b"]}


def test_the_place_is_found_though_neighbours_left(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    a, b, c = add(db, ann, board, "a", "b", "c")
    move(db, ann, b, column(board, "Pending"))
    move(db, bob, a, column(board, "In progress"))
    move(db, bob, c, column(board, "To do"), after=None)
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["b", "c"]


def test_only_the_last_steps_are_kept(db: Session, ann: Actor, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remember, "KEPT", 5)
    [card] = add(db, ann, board, "a")
    places = [column(board, "Pending"), column(board, "To do")]
    for turn in range(9):
        card = move(db, ann, card, places[turn % 2])
    taken = 0
    while tasks.next_steps(db, ann, board.id).undo:
        tasks.undo(db, ann, board.id)
        taken += 1
    assert taken == 5


def test_a_rule_that_reacts_to_a_revival_leaves_the_steps_before_it_undoable(
    db: Session, ann: Actor, board: Board
) -> None:
    [card] = add(db, ann, board, "a", to="Completed")
    make_rule(db, ann, board, "reopened", {"kind": "priority", "priority": "urgent"})
    tasks.archive_card(db, ann, card.id)
    set_done(db, ann, board, "Completed", is_done=False)
    tasks.revive_card(db, ann, card.id)
    assert tasks.card(db, ann, card.id).priority == "urgent"
    tasks.undo(db, ann, board.id)
    assert tasks.undo(db, ann, board.id).message == "Undone: the archiving of “a”."
    tasks.redo(db, ann, board.id)
    assert tasks.redo(db, ann, board.id).message == "Done again: the bringing back of “a”."


def test_a_step_that_can_never_be_taken_back_can_be_skipped(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    for card in (b, a):
        move(db, ann, card, column(board, "Pending"))
    left = [one for one in tasks.board(db, ann, board.id).columns if one.name != "To do"]
    kept = [ColumnEdit(id=one.id, name=one.name, is_done=one.is_done) for one in left]
    tasks.change_board(db, ann, board.id, BoardChange(columns=kept))
    with pytest.raises(Conflict, match="column that “a” was in is gone") as refused:
        tasks.undo(db, ann, board.id)
    with pytest.raises(Conflict, match="column that “b” was in is gone"):
        tasks.undo(db, ann, board.id, skip=refused.value.details[0]["step"])
