"""Rules that react to what happens: each trigger, each action, chains and failures."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid
from app.notices import service as notices
from app.tasks import service as tasks
from app.tasks.automations.schemas import RuleChange
from app.tasks.details import service as details
from app.tasks.details.schemas import BlockerAdd, ItemChange, ItemCreate
from app.tasks.schemas import Board, BoardChange, CardChange, CardMove, ColumnEdit, EventKind
from tests.tasks.automations.conftest import label, make_rule, outcomes, read, runs, with_labels
from tests.tasks.conftest import add, column, move

URGENT = {"kind": "priority", "priority": "urgent"}
Happening = Callable[[Session, Actor, Board], Any]


def made(db: Session, ann: Actor, board: Board) -> Any:
    return add(db, ann, board, "a")[0]


def moved(db: Session, ann: Actor, board: Board, to: str = "Pending") -> Any:
    return move(db, ann, made(db, ann, board), column(board, to))


def reopened(db: Session, ann: Actor, board: Board) -> Any:
    done = moved(db, ann, board, "Completed")
    return move(db, ann, read(db, ann, done), column(board, "To do"))


def labelled(db: Session, ann: Actor, board: Board) -> Any:
    card = made(db, ann, board)
    change = CardChange.model_validate({"version": card.version, "label_ids": [label(board, "bug")]})
    return tasks.change_card(db, ann, card.id, change)


def ticked_off(db: Session, ann: Actor, board: Board) -> Any:
    card = made(db, ann, board)
    items = [details.add_item(db, ann, card.id, ItemCreate(text=text)) for text in ("one", "two")]
    for item in items:
        details.change_item(db, ann, card.id, item.id, ItemChange(done=True))
    return card


def blocked(db: Session, ann: Actor, board: Board) -> Any:
    first, second = add(db, ann, board, "first", "second")
    details.add_blocker(db, ann, second.id, BlockerAdd(card_id=first.id))
    return second


def unblocked(db: Session, ann: Actor, board: Board) -> Any:
    first, second = add(db, ann, board, "first", "second")
    details.add_blocker(db, ann, second.id, BlockerAdd(card_id=first.id))
    move(db, ann, read(db, ann, first), column(board, "Completed"))
    return second


HAPPENINGS: dict[str, Happening] = {
    "created": made,
    "moved": moved,
    "completed": lambda db, ann, board: moved(db, ann, board, "Completed"),
    "reopened": reopened,
    "label_added": labelled,
    "checklist_done": ticked_off,
    "blocked": blocked,
    "unblocked": unblocked,
}


def trigger(kind: str, board: Board) -> dict[str, Any]:
    return {"kind": kind, "label_id": label(board, "bug")} if kind == "label_added" else {"kind": kind}


@pytest.mark.parametrize("kind", HAPPENINGS)
def test_each_trigger_fires_once_when_it_happens_and_not_before(
    db: Session, ann: Actor, board: Board, kind: str
) -> None:
    board = with_labels(db, ann, board, "bug")
    rule = make_rule(db, ann, board, trigger(kind, board), URGENT)
    card = HAPPENINGS[kind](db, ann, board)
    assert read(db, ann, card).priority == "urgent"
    assert [run.card_id for run in runs(db, ann, rule) if run.card_id == card.id] == [card.id]
    last = tasks.card_history(db, ann, card.id)[0]
    assert (last.person, last.changes) == ("Rule “Rule”", {"priority": ["medium", "urgent"]})


def test_a_rule_that_is_switched_off_does_nothing(db: Session, ann: Actor, board: Board) -> None:
    board = with_labels(db, ann, board, "bug")
    rules = [make_rule(db, ann, board, trigger(kind, board), URGENT, enabled=False) for kind in HAPPENINGS]
    assert [read(db, ann, happen(db, ann, board)).priority for happen in HAPPENINGS.values()] == ["medium"] * 8
    assert not [run for rule in rules for run in runs(db, ann, rule)]


def actions(board: Board, bob: Actor) -> dict[str, tuple[dict[str, Any], Callable[[Any], Any], Any]]:
    """What to do, what to look at afterwards, and what it must be."""
    bug, done = label(board, "bug"), column(board, "Completed")
    return {
        "move": ({"kind": "move", "column_id": str(done)}, lambda card: card.column_id, done),
        "priority": (URGENT, lambda card: card.priority, "urgent"),
        "category": ({"kind": "category", "category": "highlight"}, lambda card: card.category, "highlight"),
        "add_label": ({"kind": "add_label", "label_id": bug}, lambda card: [str(one) for one in card.label_ids], [bug]),
        "remove_label": ({"kind": "remove_label", "label_id": bug}, lambda card: card.label_ids, []),
        "assign": ({"kind": "assign", "person_id": str(bob.id)}, lambda card: card.assignees[0].name, "Bob"),
        "unassign": ({"kind": "unassign"}, lambda card: card.assignees, []),
        "archive": ({"kind": "archive"}, lambda card: card.archived_at is not None, True),
    }


def test_each_action_does_what_it_says_and_the_log_tells_it(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    board = with_labels(db, ann, board, "bug")
    given = {"remove_label": {"label_ids": [label(board, "bug")]}, "unassign": {"assignee_ids": [ann.id]}}
    for kind, (then, look, wanted) in actions(board, bob).items():
        rule = make_rule(db, ann, board, "created", then)
        [card] = add(db, ann, board, kind, **given.get(kind, {}))
        assert look(card) == wanted, "who makes the card sees at once what the rule did"
        assert card == read(db, ann, card)
        assert outcomes(db, ann, rule) == ["done"]
        assert runs(db, ann, rule)[0].text
        tasks.automations.delete_rule(db, ann, rule.id)


def test_people_are_told_once_but_not_who_did_it_or_does_not_see_the_board(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    tell = {"kind": "notify", "person_ids": [str(bob.id), str(ann.id)], "text": "Please look"}
    make_rule(db, ann, board, "completed", tell)
    moved(db, ann, board, "Completed")
    [told] = notices.notices(db, bob).items
    assert (told.subject, told.text, told.kind) == ("#1 a", "Please look", "automation")
    assert not notices.notices(db, ann).items


def test_items_that_are_there_are_not_added_again(db: Session, ann: Actor, board: Board) -> None:
    make_rule(db, ann, board, "moved", {"kind": "checklist", "items": ["Test", "Tell the customer"]})
    card = made(db, ann, board)
    details.add_item(db, ann, card.id, ItemCreate(text="test"))
    move(db, ann, read(db, ann, card), column(board, "Pending"))
    assert [item.text for item in details.checklist(db, ann, card.id).items] == ["test", "Tell the customer"]


def test_only_cards_that_fit_the_condition_are_touched(db: Session, ann: Actor, board: Board) -> None:
    rule = make_rule(db, ann, board, "created", URGENT, condition="priority:high or title:boat")
    high, boat, other = (
        add(db, ann, board, "a", priority="high")[0],
        add(db, ann, board, "A boat")[0],
        add(db, ann, board, "c")[0],
    )
    assert [card.priority for card in (high, boat, other)] == ["urgent", "urgent", "medium"]
    assert len(runs(db, ann, rule)) == 2


def test_a_rule_for_one_column_leaves_the_others_alone(db: Session, ann: Actor, board: Board) -> None:
    there = {"kind": "moved", "column_id": str(column(board, "Pending"))}
    make_rule(db, ann, board, there, URGENT)
    assert moved(db, ann, board, "In progress").priority == "medium"
    assert moved(db, ann, board, "Pending").priority == "urgent"


def test_a_failing_action_takes_back_its_rule_and_never_the_change_of_the_person(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    add(db, ann, board, "in the way", to="Pending")
    limited = [
        ColumnEdit(id=c.id, name=c.name, is_done=c.is_done, wip_limit=1 if c.name == "Pending" else None)
        for c in board.columns
    ]
    tasks.change_board(db, ann, board.id, BoardChange(columns=limited))
    full = {"kind": "move", "column_id": str(column(board, "Pending"))}
    rule = make_rule(db, ann, board, "completed", URGENT, full)
    [card] = add(db, bob, board, "a")
    card = move(db, bob, card, column(board, "Completed"))
    assert (card.column_id, card.priority) == (column(board, "Completed"), "medium")
    assert card == read(db, bob, card)
    assert [(run.outcome, run.text) for run in runs(db, ann, rule)] == [
        ("failed", "“Pending” takes at most 1 card. Move one out of it first.")
    ]
    assert [told.text for told in notices.notices(db, ann).items] == [
        "“Pending” takes at most 1 card. Move one out of it first."
    ]


def test_a_rule_whose_label_is_gone_says_so(db: Session, ann: Actor, board: Board) -> None:
    board = with_labels(db, ann, board, "bug")
    rule = make_rule(db, ann, board, "created", {"kind": "add_label", "label_id": label(board, "bug")})
    tasks.change_board(db, ann, board.id, BoardChange(labels=[]))
    made(db, ann, board)
    assert outcomes(db, ann, rule) == ["failed"]
    [seen] = tasks.automations.rules(db, ann, board.id).items
    assert seen.problem == "It names a label that is gone. Change the rule or delete it."


def test_rules_that_send_a_card_round_in_a_circle_are_stopped(db: Session, ann: Actor, board: Board) -> None:
    here, there = (str(column(board, name)) for name in ("In progress", "Pending"))
    one = make_rule(db, ann, board, {"kind": "moved", "column_id": here}, {"kind": "move", "column_id": there})
    two = make_rule(db, ann, board, {"kind": "moved", "column_id": there}, {"kind": "move", "column_id": here})
    card = moved(db, ann, board, "In progress")
    assert read(db, ann, card) == card
    assert outcomes(db, ann, one) + outcomes(db, ann, two) == ["done", "done", "done", "stopped"]
    moves = [event.person for event in tasks.card_history(db, ann, card.id) if event.kind == EventKind.moved]
    assert moves == ["Rule “Rule”"] * 3 + ["Ann"]


def test_rules_run_in_their_order_and_see_what_the_ones_before_did(db: Session, ann: Actor, board: Board) -> None:
    low = make_rule(db, ann, board, "created", {"kind": "priority", "priority": "low"}, name="second")
    first = make_rule(db, ann, board, "created", URGENT, name="first")
    tasks.automations.change_rule(db, ann, first.id, RuleChange(version=first.version, position=0))
    assert [rule.name for rule in tasks.automations.rules(db, ann, board.id).items] == ["first", "second"]
    assert made(db, ann, board).priority == "low"
    assert outcomes(db, ann, low) == ["done"]


def test_what_is_so_already_is_no_change(db: Session, ann: Actor, board: Board) -> None:
    rule = make_rule(db, ann, board, "created", URGENT)
    add(db, ann, board, "a", priority="urgent")
    assert outcomes(db, ann, rule) == ["nothing"]


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        ({"condition": "colour:red"}, "filter, character 1"),
        ({"condition": "assignee:me"}, "“me” is nobody in a rule"),
        ({"then": {"kind": "notify"}}, "say who is told"),
        ({"then": {"kind": "move", "column_id": "00000000-0000-0000-0000-000000000001"}}, "a column that is gone"),
    ],
    ids=["unknown field", "me", "nobody told", "foreign column"],
)
def test_a_rule_that_cannot_work_is_refused(
    db: Session, ann: Actor, board: Board, draft: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        make_rule(db, ann, board, "created", draft.get("then", URGENT), condition=draft.get("condition", ""))


def test_a_board_without_rules_pays_one_query_a_transaction(db: Session, ann: Actor, board: Board) -> None:
    seen: list[str] = []
    count = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
    try:
        card = made(db, ann, board)
        for name in ("Pending", "To do", "Pending"):
            tasks.move_card(db, ann, card.id, CardMove(column_id=column(board, name), version=card.version))
            card = read(db, ann, card)
    finally:
        sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
    assert len([sql for sql in seen if "FROM automation_rules" in sql]) == 1


def test_a_rule_says_when_a_card_has_as_many_labels_as_it_may(db: Session, ann: Actor, board: Board) -> None:
    board = with_labels(db, ann, board, *[f"label {number:02}" for number in range(51)])
    ids = [label(board, f"label {number:02}") for number in range(51)]
    rule = make_rule(db, ann, board, "created", {"kind": "add_label", "label_id": ids[50]})
    add(db, ann, board, "a", label_ids=ids[:50])
    assert [(run.outcome, run.text) for run in runs(db, ann, rule)] == [
        ("failed", "“a” has 50 already, and may have no more.")
    ]
