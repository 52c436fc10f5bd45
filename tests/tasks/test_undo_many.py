"""Taking back what was done to many cards at once."""

import random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Conflict
from app.notices import service as notices
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.details.schemas import BlockerAdd
from app.tasks.schemas import Board, BoardChange, BoardOptions, Card, CardChange, ColumnEdit, LabelEdit, LaneEdit
from app.tasks.tables import CardRow
from tests.tasks.automations.conftest import make_rule
from tests.tasks.conftest import add, column, move, titles
from tests.tasks.counting import statements


def edit(db: Session, actor: Actor, board: Board, cards: list[Card], **change: Any) -> None:
    ids = [str(card.id) for card in cards]
    tasks.change_cards(db, actor, board.id, BulkEdit.model_validate({"card_ids": ids, "change": change}))


def equipped(db: Session, actor: Actor, board: Board) -> Board:
    labels, lanes = [LabelEdit(name="bug"), LabelEdit(name="later")], [LaneEdit(name="North"), LaneEdit(name="South")]
    tasks.change_board(db, actor, board.id, BoardChange(labels=labels, lanes=lanes))
    return tasks.board(db, actor, board.id)


def state(db: Session, actor: Actor, board: Board) -> list[Any]:
    """Everything but versions, and when cards were put away."""
    query = sa.select(CardRow).where(CardRow.board_id == board.id).order_by(CardRow.number)
    cards = db.scalars(query.execution_options(populate_existing=True)).all()
    names = [c.name for c in CardRow.__table__.columns if c.name not in ("version", "revision", "archived_at")]
    told = [[getattr(card, name) for name in names] for card in cards]
    belongings = [(set(card.label_ids), set(card.assignee_ids), card.archived_at is None) for card in cards]
    return [told, belongings, [[one.id for one in c.cards] for c in tasks.board(db, actor, board.id).columns]]


@pytest.mark.parametrize("seed", range(3))
def test_any_edits_of_many_are_taken_back_exactly_and_done_again(
    db: Session, ann: Actor, bob: Actor, board: Board, seed: int
) -> None:
    board, draw = equipped(db, ann, board), random.Random(seed)
    cards = add(db, ann, board, *"abcdef") + add(db, ann, board, *"gh", to="Completed")
    changes: list[dict[str, Any]] = [
        {"column": str(column(board, "Completed")), "priority": "urgent", "lane": str(board.lanes[0].id)},
        {"add_labels": [str(board.labels[0].id)], "assign": [str(bob.id)], "due_on": "2026-03-02"},
        {"action": "archive"},
        {"action": "revive"},
        {"lane": str(board.lanes[1].id), "category": "highlight", "unassign": [str(bob.id)]},
        {"column": str(column(board, "Pending")), "remove_labels": [str(board.labels[0].id)], "estimate": 3},
    ]
    seen = [state(db, ann, board)]
    for change in changes:
        chosen = cards if "action" in change else draw.sample(cards, 5)
        edit(db, ann, board, chosen, **change)
        seen.append(state(db, ann, board))
    for before in reversed(seen[:-1]):
        tasks.undo(db, ann, board.id)
        assert state(db, ann, board) == before
    for _ in changes:
        tasks.redo(db, ann, board.id)
    again = state(db, ann, board)
    assert again[1:] == seen[-1][1:]


def test_the_number_of_statements_does_not_grow_with_the_cards(db: Session, ann: Actor, board: Board) -> None:
    counts = set()
    for name, count in (("few", 2), ("many", 40)):
        cards = add(db, ann, board, *[f"{name} {n}" for n in range(count)])
        edit(db, ann, board, cards, column=str(column(board, "Completed")), priority="high", assign=[str(ann.id)])
        for turn in (tasks.undo, tasks.redo, tasks.undo):
            db.expire_all()
            with statements(db) as seen:
                turn(db, ann, board.id)
            counts.add((turn is tasks.undo, len(seen)))
    assert len(counts) == 2, counts


def test_a_card_gets_one_line_for_all_that_went_back(db: Session, ann: Actor, board: Board) -> None:
    cards = add(db, ann, board, "a", "b")
    edit(db, ann, board, cards, column=str(column(board, "Completed")), priority="urgent")
    before = tasks.board_revision(db, ann, board.id)[0]
    tasks.undo(db, ann, board.id)
    assert tasks.board_revision(db, ann, board.id)[0] == before + 1
    lines = tasks.card_history(db, ann, cards[0].id)
    assert [(line.kind, line.from_column, line.to_column) for line in lines[:2]] == [
        ("moved", "Completed", "To do"),
        ("moved", "To do", "Completed"),
    ]
    assert lines[0].changes == {"priority": ["urgent", "medium"], "category": ["accomplishment", "in_progress"]}


def test_cards_that_changed_places_change_back(db: Session, ann: Actor, board: Board) -> None:
    cards = add(db, ann, board, *"abcd")
    with tasks.one_step(db):
        for card in cards[:3]:
            move(db, ann, card, column(board, "To do"))
    assert titles(db, ann, board, "To do") == ["d", "a", "b", "c"]
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["a", "b", "c", "d"]
    tasks.redo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["d", "a", "b", "c"]


def test_there_is_room_again_where_others_have_come_close(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    a, b, c = add(db, ann, board, "a", "b", "c")
    edit(db, ann, board, [b], column=str(column(board, "Pending")))
    _rank(db, a, "V" * 24)
    _rank(db, c, "V" * 24 + "1")
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["a", "b", "c"]
    longest = db.scalar(sa.select(sa.func.max(sa.func.length(CardRow.rank))).where(CardRow.board_id == board.id))
    assert longest is not None
    assert longest < 5


def _rank(db: Session, card: Card, rank: str) -> None:
    db.execute(sa.update(CardRow).where(CardRow.id == card.id).values(rank=rank))


def test_what_is_gone_stays_gone(db: Session, ann: Actor, board: Board) -> None:
    board = equipped(db, ann, board)
    lane, label = board.lanes[0].id, board.labels[0].id
    cards = add(db, ann, board, "a", "b", lane=lane, label_ids=[label])
    edit(db, ann, board, cards, lane=None, remove_labels=[str(label)])
    tasks.change_board(db, ann, board.id, BoardChange(lanes=[], labels=[]))
    tasks.undo(db, ann, board.id)
    assert {(card.lane_id, tuple(card.label_ids)) for card in _cards(db, ann, cards)} == {(None, ())}
    edit(db, ann, board, cards, column=str(column(board, "Pending")))
    left = [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done) for c in board.columns if c.name != "To do"]
    tasks.change_board(db, ann, board.id, BoardChange(columns=left))
    with pytest.raises(Conflict, match="The column that “a” was in is gone") as refused:
        tasks.undo(db, ann, board.id)
    assert [detail["step"] for detail in refused.value.details]
    assert titles(db, ann, board, "Pending") == ["a", "b"]


def _cards(db: Session, ann: Actor, cards: list[Card]) -> list[Card]:
    return [tasks.card(db, ann, card.id) for card in cards]


def test_who_lost_sight_of_the_board_gets_no_card_back(db: Session, ann: Actor, board: Board) -> None:
    cards = add(db, ann, board, "a", "b", assignee_ids=[ann.id])
    edit(db, ann, board, cards, unassign=[str(ann.id)])
    tasks.undo(db, ann, board.id)
    assert {tuple(one.id for one in card.assignees) for card in _cards(db, ann, cards)} == {(ann.id,)}
    assert tasks.card_history(db, ann, cards[0].id)[0].changes["assignees"][0] == []


def test_cards_completed_together_do_not_hold_each_other_up(db: Session, ann: Actor, board: Board) -> None:
    a, b, _ = add(db, ann, board, "a", "b", "c", to="Completed")
    edit(db, ann, board, [a, b], column=str(column(board, "To do")))
    tasks.add_blocker(db, ann, a.id, BlockerAdd(card_id=b.id))
    tasks.change_board(db, ann, board.id, BoardChange(options=BoardOptions(forbid_done_while_blocked=True)))
    tasks.undo(db, ann, board.id)
    assert set(titles(db, ann, board, "Completed")) == {"a", "b", "c"}
    tasks.redo(db, ann, board.id)
    d = add(db, ann, board, "d")[0]
    tasks.undo(db, ann, board.id)  # the making of d
    tasks.revive_card(db, ann, d.id)
    tasks.add_blocker(db, ann, a.id, BlockerAdd(card_id=d.id))
    tasks.undo(db, ann, board.id)  # d is put away again, so it holds nothing up
    tasks.undo(db, ann, board.id)
    assert set(titles(db, ann, board, "Completed")) == {"a", "b", "c"}


def test_rules_hear_of_it_and_what_they_make_of_it_is_no_obstacle(db: Session, ann: Actor, board: Board) -> None:
    when: dict[str, Any] = {"kind": "moved", "column_id": str(column(board, "To do"))}
    cards = add(db, ann, board, "a", "b")
    for card in cards:
        move(db, ann, card, column(board, "Pending"))
    make_rule(db, ann, board, when, {"kind": "priority", "priority": "urgent"})
    tasks.undo(db, ann, board.id)
    assert [card.priority for card in _cards(db, ann, cards)] == ["medium", "urgent"]
    tasks.redo(db, ann, board.id)
    assert titles(db, ann, board, "Pending") == ["a", "b"]
    tasks.undo(db, ann, board.id)
    assert tasks.undo(db, ann, board.id).message == "Undone: the move of “a”."


def test_people_are_told_of_cards_they_get_back(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    cards = add(db, ann, board, *"abcde", assignee_ids=[bob.id])
    edit(db, ann, board, cards, unassign=[str(bob.id)])
    before = notices.unread_count(db, bob).unread
    tasks.undo(db, ann, board.id)
    assert notices.unread_count(db, bob).unread == before + 1


def test_one_stranger_among_many_refuses_them_all(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    cards = add(db, ann, board, "a", "b", "c")
    edit(db, ann, board, cards, priority="high")
    middle = tasks.card(db, ann, cards[1].id)
    tasks.change_card(db, bob, middle.id, CardChange(version=middle.version, title="bb"))
    with pytest.raises(tasks.ChangedSince, match="Bob changed “bb”"):
        tasks.undo(db, ann, board.id)
    assert {card.priority for card in _cards(db, ann, cards)} == {"high"}


def test_steps_before_are_found_by_their_cards(db: Session, ann: Actor, board: Board) -> None:
    ids: list[UUID] = [card.id for card in add(db, ann, board, "a", "b")]
    for fields in ({"priority": "high"}, {"estimate": 2}, {"priority": "low", "column": str(column(board, "Pending"))}):
        edit(db, ann, board, [tasks.card(db, ann, id_) for id_ in ids], **fields)
    for _ in range(2):
        for _ in range(3):
            tasks.undo(db, ann, board.id)
        assert {(tasks.card(db, ann, id_).priority, tasks.card(db, ann, id_).estimate) for id_ in ids} == {
            ("medium", None)
        }
        for _ in range(3):
            tasks.redo(db, ann, board.id)
        assert {(tasks.card(db, ann, id_).priority, tasks.card(db, ann, id_).estimate) for id_ in ids} == {("low", 2)}
    assert titles(db, ann, board, "Pending") == ["a", "b"]
