"""A rule that hears of many cards at once."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.notices import service as notices
from app.tasks import service as tasks
from app.tasks.automations.schemas import Rule
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.schemas import Board, BoardChange, Card, ColumnEdit
from tests.tasks.automations.conftest import label, make_rule, outcomes, runs, with_labels
from tests.tasks.conftest import add, column, titles
from tests.tasks.counting import statements


@pytest.fixture
def board(db: Session, ann: Actor, board: Board) -> Board:
    return with_labels(db, ann, board, "bug", "old")


def send(db: Session, ann: Actor, board: Board, cards: list[Card], name: str) -> None:
    change = {"card_ids": [card.id for card in cards], "change": {"column": column(board, name)}}
    tasks.change_cards(db, ann, board.id, BulkEdit.model_validate(change))


def busy_rule(db: Session, ann: Actor, bob: Actor, board: Board) -> Rule:
    return make_rule(
        db, ann, board, {"kind": "moved", "column_id": column(board, "Pending")},
        {"kind": "priority", "priority": "urgent"},
        {"kind": "add_label", "label_id": label(board, "bug")},
        {"kind": "remove_label", "label_id": label(board, "old")},
        {"kind": "assign", "person_id": bob.id},
        {"kind": "notify", "person_ids": [bob.id], "text": "look"},
        {"kind": "category", "category": "highlight"},
        {"kind": "move", "column_id": column(board, "In progress")},
    )  # fmt: skip


def test_the_statements_of_a_rule_do_not_grow_with_the_cards(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    rule, sent = busy_rule(db, ann, bob, board), []
    completed = make_rule(db, ann, board, "completed", {"kind": "unassign"}, condition="priority:urgent")
    for count in (5, 15):
        cards = add(db, ann, board, *map(str, range(count)), label_ids=[label(board, "old")])
        with statements(db) as one:
            send(db, ann, board, cards, "Pending")
            send(db, ann, board, cards, "Completed")
        sent.append(len(one))
    assert sent[0] == sent[1]
    assert {run.text for run in runs(db, ann, rule)} == {
        "Set its priority to urgent; add the label “bug”; remove the label “old”; assign it to Bob; "
        "tell Bob: “look”; set its category to highlight; move it to “In progress”."
    }
    assert outcomes(db, ann, completed) == ["done"] * 20
    assert [one.subject for one in notices.notices(db, bob).items if one.kind == "automation"] == [
        "15 cards of Team: look", "5 cards of Team: look"]  # fmt: skip
    assert len(tasks.undo(db, ann, board.id).card_ids) == 15


def test_where_one_card_refuses_the_others_go_one_by_one(db: Session, ann: Actor, board: Board) -> None:
    limits = [ColumnEdit(id=c.id, name=c.name, wip_limit=3 if c.name == "In progress" else None) for c in board.columns]
    tasks.change_board(db, ann, board.id, BoardChange(columns=limits))
    there = {"kind": "moved", "column_id": column(board, "Pending")}
    rule = make_rule(db, ann, board, there, {"kind": "move", "column_id": column(board, "In progress")})
    send(db, ann, board, add(db, ann, board, *"abcde"), "Pending")
    assert (titles(db, ann, board, "In progress"), titles(db, ann, board, "Pending")) == (["a", "b", "c"], ["d", "e"])
    assert outcomes(db, ann, rule) == ["done"] * 3 + ["failed"] * 2
    assert "takes at most 3 cards" in runs(db, ann, rule)[0].text
    assert [one.kind for one in notices.notices(db, ann).items] == ["automation"]


def test_rules_that_start_each_other_for_many_cards_come_to_an_end(db: Session, ann: Actor, board: Board) -> None:
    rules = []
    for here, there in (("Pending", "In progress"), ("In progress", "Pending")):
        when = {"kind": "moved", "column_id": column(board, here)}
        rules.append(make_rule(db, ann, board, when, {"kind": "move", "column_id": column(board, there)}))
    send(db, ann, board, add(db, ann, board, *"abcde"), "Pending")
    assert {end for rule in rules for end in outcomes(db, ann, rule)} == {"done", "stopped"}
    assert len(titles(db, ann, board, "In progress")) == 5
