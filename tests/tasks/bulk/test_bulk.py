"""One change for many cards: all of them or none."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Forbidden, Invalid
from app.tasks import service as tasks
from app.tasks.bulk.gap import PlaceGone
from app.tasks.bulk.schemas import BulkDone, BulkEdit
from app.tasks.details.schemas import BlockerAdd
from app.tasks.schemas import Board, BoardChange, BoardOptions, Card, ColumnEdit, LabelEdit, LaneEdit, WipMode
from app.tasks.tables import CardRow, TransitionRow
from tests.tasks.automations.conftest import make_rule
from tests.tasks.conftest import add, column, titles


def edit(db: Session, actor: Actor, board: Board, cards: list[Card], **change: Any) -> BulkDone:
    wanted = BulkEdit.model_validate({"card_ids": [card.id for card in cards], "change": change})
    return tasks.change_cards(db, actor, board.id, wanted)


def rows(db: Session, cards: list[Card]) -> list[CardRow]:
    query = sa.select(CardRow).where(CardRow.id.in_([card.id for card in cards])).order_by(CardRow.number)
    return list(db.scalars(query.execution_options(populate_existing=True)))


def equipped(db: Session, actor: Actor, board: Board) -> Board:
    labels, lanes = [LabelEdit(name="bug"), LabelEdit(name="later")], [LaneEdit(name="North")]
    tasks.change_board(db, actor, board.id, BoardChange(labels=labels, lanes=lanes))
    return tasks.board(db, actor, board.id)


def test_cards_go_to_the_end_of_a_column_in_their_order(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "there", to="Completed")
    a, b, _, d = add(db, ann, board, "a", "b", "c", "d")
    done = edit(db, ann, board, [d, b, a], column=str(column(board, "Completed")))
    assert (done.changed, done.unchanged) == (3, 0)
    assert titles(db, ann, board, "Completed") == ["there", "a", "b", "d"]
    assert titles(db, ann, board, "To do") == ["c"]
    assert all(row.completed_at and row.category == "accomplishment" for row in rows(db, [a, b, d]))
    moved = tasks.card_history(db, ann, a.id)[0]
    assert (moved.kind, moved.from_column, moved.to_column) == ("moved", "To do", "Completed")
    assert moved.changes == {"category": ["in_progress", "accomplishment"]}


@pytest.mark.parametrize("anchor", ["after", "before"])
def test_cards_go_between_two_others_and_back_in_one_step(db: Session, ann: Actor, board: Board, anchor: str) -> None:
    first, last = add(db, ann, board, "first", "last", to="Pending")
    a, _b, c = add(db, ann, board, "a", "b", "c")
    place = {"after": first.id} if anchor == "after" else {"before": last.id}
    edit(db, ann, board, [c, a], column=column(board, "Pending"), **place)
    assert titles(db, ann, board, "Pending") == ["first", "a", "c", "last"]
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["a", "b", "c"]


def test_many_cards_fit_into_the_narrowest_place(db: Session, ann: Actor, board: Board) -> None:
    first, last = add(db, ann, board, "first", "last", to="Pending")
    db.execute(sa.update(CardRow).where(CardRow.id == first.id).values(rank="V" * 24))
    db.execute(sa.update(CardRow).where(CardRow.id == last.id).values(rank="V" * 25))
    cards = add(db, ann, board, *(f"{number:02}" for number in range(40)))
    edit(db, ann, board, cards, column=column(board, "Pending"), after=first.id)
    assert titles(db, ann, board, "Pending") == ["first", *(card.title for card in cards), "last"]
    gone = add(db, ann, board, "x", "y")
    with pytest.raises(PlaceGone):
        edit(db, ann, board, gone, column=column(board, "Pending"), after=gone[0].id)


def test_fields_labels_and_people_change_together_in_one_line_a_card(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    board = equipped(db, ann, board)
    bug, later = (label.id for label in board.labels)
    a, b = add(db, ann, board, "a", "b", label_ids=[later], assignee_ids=[ann.id], due_on="2026-03-02")
    change = {"priority": "urgent", "estimate": 3, "shift_due_days": 7, "add_labels": [str(bug)]}
    change |= {"remove_labels": [str(later)], "assign": [str(bob.id)], "lane": str(board.lanes[0].id)}
    edit(db, ann, board, [a, b], **change)
    for row in rows(db, [a, b]):
        assert (row.priority, row.estimate, row.due_on, row.lane_id) == (
            "urgent",
            3,
            date(2026, 3, 9),
            board.lanes[0].id,
        )
        assert (list(row.label_ids), set(row.assignee_ids)) == ([bug], {ann.id, bob.id})
        line = tasks.card_history(db, ann, row.id)[0]
        assert set(line.changes) == {"priority", "estimate", "due_on", "labels", "assignees"}
        assert len(tasks.card_history(db, ann, row.id)) == 2
    last = db.scalars(sa.select(TransitionRow).order_by(TransitionRow.id.desc())).first()
    assert last
    assert (last.labels, [one["name"] for one in last.assignees]) == (["bug"], ["Ann", "Bob"])


def test_what_is_so_already_is_left_alone(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", priority="high") + add(db, ann, board, "b")
    before = tasks.board_revision(db, ann, board.id)[0]
    done = edit(db, ann, board, [a, b], priority="high", due_on=None)
    assert (done.changed, done.unchanged, done.revision) == (1, 1, before + 1)
    assert [row.version for row in rows(db, [a, b])] == [1, 2]


def test_one_card_too_many_for_a_column_refuses_all(db: Session, ann: Actor, board: Board) -> None:
    limits = [ColumnEdit(id=c.id, name=c.name, is_done=c.is_done, wip_limit=2) for c in board.columns]
    add(db, ann, board, "there", to="Pending")
    a, _ = add(db, ann, board, "a", "b")
    b, c = add(db, ann, board, "c", "d", to="In progress")
    tasks.change_board(db, ann, board.id, BoardChange(columns=limits))
    with pytest.raises(tasks.CardsRefused, match=r"of 3 cards, 2 cannot be\. #4 “c” and 1 more") as refused:
        edit(db, ann, board, [a, b, c], column=str(column(board, "Pending")))
    assert [one["number"] for one in refused.value.details] == [4, 5]
    assert titles(db, ann, board, "Pending") == ["there"]
    warned = [limit.model_copy(update={"wip_mode": WipMode.warn}) for limit in limits]
    tasks.change_board(db, ann, board.id, BoardChange(columns=warned))
    done = edit(db, ann, board, [a, b, c], column=str(column(board, "Pending")))
    assert done.warnings == ["“Pending” now holds more than its limit of 2."]


def test_refused_cards_are_named_with_their_reasons(db: Session, ann: Actor, board: Board) -> None:
    tasks.change_board(db, ann, board.id, BoardChange(options=BoardOptions(forbid_done_while_blocked=True)))
    a, b, c = add(db, ann, board, "a", "b", "c")
    tasks.add_blocker(db, ann, a.id, BlockerAdd(card_id=b.id))
    with pytest.raises(tasks.CardsRefused, match="waits for #2"):
        edit(db, ann, board, [a, c], column=str(column(board, "Completed")))
    edit(db, ann, board, [a, b], column=str(column(board, "Completed")))
    tasks.archive_card(db, ann, c.id)
    missing = a.model_copy(update={"id": uuid4()})
    with pytest.raises(tasks.CardsRefused, match="of 2 cards, 2 cannot be") as refused:
        edit(db, ann, board, [c, missing], priority="low")
    assert [one["message"] for one in refused.value.details] == [
        "There is no such card on this board.",
        "It is archived. Bring it back first.",
    ]


def test_a_stale_version_or_impossible_dates_refuse_the_edit(db: Session, ann: Actor, board: Board) -> None:
    [a] = add(db, ann, board, "a", start_on="2026-03-02")
    stale = BulkEdit.model_validate({"card_ids": [a.id], "versions": {a.id: 7}, "change": {"priority": "low"}})
    with pytest.raises(tasks.CardsRefused, match="changed it in the meantime"):
        tasks.change_cards(db, ann, board.id, stale)
    with pytest.raises(tasks.CardsRefused, match="before it starts on 2026-03-02"):
        edit(db, ann, board, [a], due_on="2026-03-01")
    [late] = add(db, ann, board, "late", due_on="9999-12-31")
    with pytest.raises(tasks.CardsRefused, match="there is no date"):
        edit(db, ann, board, [late], shift_due_days=1)


def test_a_filter_changes_as_many_cards_as_it_showed(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, "a", "b", priority="high")
    [kept] = add(db, ann, board, "c")
    wanted = {"filter": "priority:high", "change": {"priority": "low"}}
    with pytest.raises(tasks.CountChanged, match="finds 2 cards now, not 1"):
        tasks.change_cards(db, ann, board.id, BulkEdit.model_validate({**wanted, "expected": 1}))
    done = tasks.change_cards(db, ann, board.id, BulkEdit.model_validate({**wanted, "expected": 2}))
    assert (done.changed, tasks.card(db, ann, kept.id).priority) == (2, "medium")


def test_many_are_archived_brought_back_to_their_columns_and_deleted(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", to="Pending") + add(db, ann, board, "b", to="Completed")
    assert edit(db, ann, board, [a, b], action="archive").changed == 2
    assert edit(db, ann, board, [a, b], action="archive").changed == 0
    edit(db, ann, board, [a, b], action="revive")
    assert (titles(db, ann, board, "Pending"), titles(db, ann, board, "Completed")) == (["a"], ["b"])
    with pytest.raises(tasks.CardsRefused, match="Archive it first"):
        edit(db, ann, board, [a, b], action="delete")
    edit(db, ann, board, [a, b], action="archive")
    edit(db, ann, board, [a, b], action="delete")
    assert rows(db, [a, b]) == []
    kinds = [event.kind for event in tasks.card_history(db, ann, a.id)]
    assert kinds == ["deleted", "archived", "revived", "archived", "created"]


def test_who_may_not_is_refused(db: Session, ann: Actor, bob: Actor, viewer: Actor, board: Board) -> None:
    [a] = add(db, ann, board, "a")
    with pytest.raises(Forbidden, match="needs the role member"):
        edit(db, viewer, board, [a], priority="low")
    edit(db, bob, board, [a], action="archive")
    with pytest.raises(tasks.CardsRefused, match="Only its owner"):
        edit(db, bob, board, [a], action="delete")
    with pytest.raises(Invalid, match="no label"):
        edit(db, ann, board, [a], action="revive") and edit(db, ann, board, [a], add_labels=[str(uuid4())])


@pytest.mark.parametrize("names", [["a", "b", "c", "d"], ["b", "c"], ["a", "c"]], ids="".join)
def test_a_bulk_move_is_undone_and_done_again_as_one_step(
    db: Session, ann: Actor, board: Board, names: list[str]
) -> None:
    cards = {card.title: card for card in add(db, ann, board, "a", "b", "c", "d", due_on="2026-03-02")}
    chosen = [cards[name] for name in names]
    edit(db, ann, board, chosen, column=str(column(board, "Completed")), priority="urgent", due_on=None)
    assert titles(db, ann, board, "Completed") == names
    undone = tasks.undo(db, ann, board.id)
    assert len(undone.card_ids) == len(names)
    assert titles(db, ann, board, "To do") == ["a", "b", "c", "d"]
    facts = {(row.priority, row.due_on, row.category, row.completed_at) for row in rows(db, list(cards.values()))}
    assert facts == {("medium", date(2026, 3, 2), "in_progress", None)}
    tasks.redo(db, ann, board.id)
    assert titles(db, ann, board, "Completed") == names
    assert {row.priority for row in rows(db, chosen)} == {"urgent"}


def test_bulk_archiving_and_reviving_are_undone(db: Session, ann: Actor, board: Board) -> None:
    a, _, c = add(db, ann, board, "a", "b", "c")
    edit(db, ann, board, [a, c], action="archive")
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["a", "b", "c"]
    tasks.redo(db, ann, board.id)
    edit(db, ann, board, [a, c], action="revive")
    tasks.undo(db, ann, board.id)
    assert titles(db, ann, board, "To do") == ["b"]


def statements(db: Session, ann: Actor, board: Board, cards: list[Card], column_id: UUID) -> int:
    seen: list[str] = []
    engine = db.get_bind().engine
    count = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        edit(db, ann, board, cards, column=str(column_id), priority="high")
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    return len([sql for sql in seen if not sql.startswith(("SAVEPOINT", "RELEASE"))])


def test_the_number_of_statements_does_not_grow_with_the_cards(db: Session, ann: Actor, board: Board) -> None:
    few, many = add(db, ann, board, "a", "b"), add(db, ann, board, *[f"card {n}" for n in range(40)])
    counts = {statements(db, ann, board, cards, column(board, "Pending")) for cards in (few, many)}
    assert len(counts) == 1, counts


@pytest.mark.parametrize(
    "body",
    [
        {"card_ids": [], "change": {"priority": "low"}},
        {"filter": "x", "change": {"priority": "low"}},
        {"card_ids": [str(UUID(int=1))], "change": {}},
        {"card_ids": [str(UUID(int=1))], "change": {"action": "archive", "priority": "low"}},
        {"card_ids": [str(UUID(int=1))], "change": {"due_on": None, "shift_due_days": 1}},
        {"card_ids": [str(UUID(int=1))], "change": {"column": None}},
    ],
    ids=["no cards", "nothing expected", "no change", "two things", "two dates", "no column"],
)
def test_an_edit_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BulkEdit.model_validate(body)


def test_what_a_rule_made_of_a_card_does_not_keep_the_edit_from_being_undone(
    db: Session, ann: Actor, board: Board
) -> None:
    make_rule(db, ann, board, "moved", {"kind": "category", "category": "highlight"})
    cards = add(db, ann, board, "a", "b")
    edit(db, ann, board, cards, column=column(board, "Pending"), priority="high")
    tasks.undo(db, ann, board.id)
    assert (titles(db, ann, board, "To do"), rows(db, cards)[0].priority) == (["a", "b"], "medium")
    tasks.redo(db, ann, board.id)
    assert (titles(db, ann, board, "Pending"), rows(db, cards)[0].priority) == (["a", "b"], "high")


def test_a_card_gets_no_more_labels_than_one_card_may_have(db: Session, ann: Actor, board: Board) -> None:
    labels = [LabelEdit(name=f"label {number}") for number in range(55)]
    tasks.change_board(db, ann, board.id, BoardChange(labels=labels))
    ids = [label.id for label in tasks.board(db, ann, board.id).labels]
    cards = add(db, ann, board, "a", "b")
    edit(db, ann, board, cards, add_labels=ids[:50])
    with pytest.raises(tasks.CardsRefused, match="more than 50 labels"):
        edit(db, ann, board, cards, add_labels=ids[49:])
    edit(db, ann, board, cards, add_labels=ids[50:], remove_labels=ids[:5])
    tasks.undo(db, ann, board.id)
    assert set(rows(db, cards)[0].label_ids) == set(ids[:50])
