"""Lanes, labels, and limits that warn or hold in each lane."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.schemas import Board, BoardChange, BoardOptions, CardChange, CardMove, LabelEdit, LaneEdit
from app.tasks.tables import TransitionRow
from tests.tasks.conftest import MONDAY, add, column, move, titles
from tests.tasks.counting import statements


@pytest.fixture
def board(db: Session, ann: Actor, board: Board) -> Board:
    lanes = [LaneEdit(name="Web"), LaneEdit(name="Shop")]
    labels = [LabelEdit(name="Bug", color="red"), LabelEdit(name="Idea")]
    tasks.change_board(db, ann, board.id, BoardChange(lanes=lanes, labels=labels))
    return tasks.board(db, ann, board.id)


def limited(db: Session, actor: Actor, board: Board, name: str, **limit: object) -> None:
    columns = [
        {"id": c.id, "name": c.name, "is_done": c.is_done, **(limit if c.name == name else {})} for c in board.columns
    ]
    tasks.change_board(db, actor, board.id, BoardChange.model_validate({"columns": columns}))


def test_a_card_changes_its_lane_and_the_log_says_so(db: Session, ann: Actor, board: Board) -> None:
    web, shop = (lane.id for lane in board.lanes)
    [card] = add(db, ann, board, "a", lane=web)
    here = column(board, "To do")
    card = tasks.move_card(db, ann, card.id, CardMove(column_id=here, lane_id=shop, version=card.version))
    card = move(db, ann, card, column(board, "Pending"))
    assert card.lane_id == shop, "a move that names no lane keeps it"
    here = column(board, "Pending")
    card = tasks.move_card(db, ann, card.id, CardMove(column_id=here, lane_id=None, version=card.version))
    told = [(e.kind, e.from_lane, e.to_lane) for e in tasks.card_history(db, ann, card.id)]
    assert told == [
        ("moved", "Shop", None),
        ("moved", "Shop", "Shop"),
        ("moved", "Web", "Shop"),
        ("created", None, "Web"),
    ]
    with pytest.raises(Invalid, match="no lane"):
        tasks.change_card(db, ann, card.id, CardChange(version=card.version, lane_id=here))


def test_cards_of_a_lane_that_goes_stay_on_the_board(db: Session, ann: Actor, board: Board) -> None:
    web, shop = board.lanes
    a, b, c = add(db, ann, board, "a", "b", "c", lane=web.id)
    tasks.archive_card(db, ann, c.id)
    tasks.change_board(db, ann, board.id, BoardChange(lanes=[LaneEdit(id=shop.id, name="Webshop")]))
    now = tasks.board(db, ann, board.id)
    assert ([lane.name for lane in now.lanes], titles(db, ann, board, "To do")) == (["Webshop"], ["a", "b"])
    assert {tasks.card(db, ann, card.id).lane_id for card in (a, b, c)} == {None}
    assert tasks.card_history(db, ann, a.id)[0].from_lane == "Web"
    assert tasks.revive_card(db, ann, c.id).column_id == column(board, "To do")


def test_a_lane_stays_while_a_limit_has_no_room_for_its_cards(db: Session, ann: Actor, board: Board) -> None:
    web, shop = board.lanes
    for lane in (None, web.id, shop.id):
        add(db, ann, board, "a", "b", lane=lane)
    limited(db, ann, board, "To do", wip_limit=3, wip_per_lane=True)
    without_web = BoardChange(lanes=[LaneEdit(id=shop.id, name="Shop")])
    with pytest.raises(tasks.ColumnFull, match="without “Web”, “To do” would hold 4 cards in no lane"):
        tasks.change_board(db, ann, board.id, without_web)
    limited(db, ann, board, "To do", wip_limit=3, wip_per_lane=True, wip_mode="warn")
    tasks.change_board(db, ann, board.id, without_web)
    assert [lane.name for lane in tasks.board(db, ann, board.id).lanes] == ["Shop"]


def test_a_label_that_goes_is_taken_off_its_cards(db: Session, ann: Actor, board: Board) -> None:
    bug, idea = board.labels
    [card] = add(db, ann, board, "a", label_ids=[bug.id, idea.id])
    tasks.change_board(db, ann, board.id, BoardChange(labels=[LabelEdit(id=idea.id, name="Idea", color="blue")]))
    after = tasks.card(db, ann, card.id)
    assert (after.label_ids, after.version) == ([idea.id], card.version + 1)
    [old, new] = tasks.card_history(db, ann, card.id)[0].changes["labels"]
    assert ([one["name"] for one in old], [one["name"] for one in new]) == (["Bug", "Idea"], ["Idea"])


def test_two_labels_and_two_lanes_change_their_names_and_places(db: Session, ann: Actor, board: Board) -> None:
    labels = [LabelEdit(id=board.labels[0].id, name="idea"), LabelEdit(id=board.labels[1].id, name="bug")]
    lanes = [LaneEdit(id=board.lanes[1].id, name="Web"), LaneEdit(id=board.lanes[0].id, name="Shop")]
    tasks.change_board(db, ann, board.id, BoardChange(labels=labels, lanes=lanes))
    now = tasks.board(db, ann, board.id)
    assert {label.id: label.name for label in now.labels} == {board.labels[0].id: "idea", board.labels[1].id: "bug"}
    assert [(lane.id, lane.name) for lane in now.lanes] == [(board.lanes[1].id, "Web"), (board.lanes[0].id, "Shop")]
    with pytest.raises(Invalid, match="two labels named “Bug”"):
        tasks.change_board(db, ann, board.id, BoardChange(labels=[LabelEdit(name="Bug"), LabelEdit(name="BUG")]))


def test_a_limit_that_warns_lets_the_card_in_and_says_so(db: Session, ann: Actor, board: Board) -> None:
    a, b = add(db, ann, board, "a", "b")
    limited(db, ann, board, "Pending", wip_limit=1, wip_mode="warn")
    assert move(db, ann, a, column(board, "Pending")).warnings == []
    assert move(db, ann, b, column(board, "Pending")).warnings == ["“Pending” now holds 2 cards; its limit is 1."]
    pending = next(c for c in tasks.board(db, ann, board.id).columns if c.name == "Pending")
    assert (pending.over_limit, len(pending.cards)) == (True, 2)
    [made] = add(db, ann, board, "c", to="Pending")
    assert made.warnings == ["“Pending” now holds 3 cards; its limit is 1."]


def test_a_limit_per_lane_counts_each_lane_alone(db: Session, ann: Actor, board: Board) -> None:
    web, shop = (lane.id for lane in board.lanes)
    limited(db, ann, board, "Pending", wip_limit=1, wip_per_lane=True)
    add(db, ann, board, "a", to="Pending", lane=web)
    [b] = add(db, ann, board, "b", to="Pending", lane=shop)
    [c] = add(db, ann, board, "c", to="Pending")
    with pytest.raises(tasks.ColumnFull, match="“Pending” in “Web” takes at most 1 card"):
        tasks.change_card(db, ann, b.id, CardChange(version=b.version, lane_id=web))
    with pytest.raises(tasks.ColumnFull):
        add(db, ann, board, "d", to="Pending", lane=shop)
    tasks.archive_card(db, ann, c.id)
    add(db, ann, board, "e", to="Pending")
    with pytest.raises(tasks.ColumnFull):
        tasks.revive_card(db, ann, c.id)


@pytest.mark.parametrize(
    ("before", "done", "again"),
    [
        ("in_progress", "accomplishment", "in_progress"),
        ("highlight", "highlight", "highlight"),
        ("accomplishment", "accomplishment", "in_progress"),
    ],
)
def test_completion_turns_work_into_an_accomplishment_and_back(
    db: Session, ann: Actor, board: Board, before: str, done: str, again: str
) -> None:
    [card] = add(db, ann, board, "a", category=before)
    card = move(db, ann, card, column(board, "Completed"))
    assert card.category == done
    card = move(db, ann, card, column(board, "To do"))
    assert card.category == again
    back, forth = tasks.card_history(db, ann, card.id)[:2]
    assert forth.changes == ({"category": [before, done]} if before != done else {})
    assert back.changes == ({"category": [done, again]} if done != again else {})


def test_the_switch_of_categories_can_be_turned_off(db: Session, ann: Actor, board: Board) -> None:
    tasks.change_board(db, ann, board.id, BoardChange(options=BoardOptions(category_on_completion=False)))
    [card] = add(db, ann, board, "a")
    assert move(db, ann, card, column(board, "Completed")).category == "in_progress"
    assert not tasks.board(db, ann, board.id).options.category_on_completion


def test_a_move_with_all_that_belongs_to_a_card_costs_three_statements(db: Session, ann: Actor, board: Board) -> None:
    web, shop = (lane.id for lane in board.lanes)
    labels = [label.id for label in board.labels]
    [card] = add(db, ann, board, "a", lane=web, label_ids=labels, assignee_ids=[ann.id])
    with statements(db) as sent:
        done = CardMove(column_id=column(board, "Completed"), lane_id=shop, version=card.version)
        card = tasks.move_card(db, ann, card.id, done)
    assert len(sent) == 3, "the lock, all that has to be known, and all that is written"
    assert ([one.name for one in card.assignees], card.lane_id) == (["Ann"], shop)
    event = tasks.card_history(db, ann, card.id)[0]
    assert (event.from_lane, event.to_lane, event.to_column) == ("Web", "Shop", "Completed")
    assert tasks.undo(db, ann, board.id).card_ids == [card.id]


def test_a_move_alone_and_one_of_many_tell_the_history_the_same(db: Session, ann: Actor, board: Board) -> None:
    web, shop = (lane.id for lane in board.lanes)
    whole: dict[str, Any] = {
        "lane": web,
        "label_ids": [label.id for label in board.labels],
        "assignee_ids": [ann.id],
        "estimate": 3,
    }
    one, other = add(db, ann, board, "a", "a", due_on="2026-03-09", **whole)
    to = column(board, "Completed")
    with clock.use(FixedClock(MONDAY)):
        tasks.move_card(db, ann, one.id, CardMove(column_id=to, lane_id=shop, version=one.version))
        edit = BulkEdit.model_validate({"card_ids": [other.id], "change": {"column": to, "lane": shop}})
        tasks.change_cards(db, ann, board.id, edit)
    told = [db.scalars(sa.select(TransitionRow).where(TransitionRow.card_id == card.id)).all() for card in (one, other)]
    names = set(TransitionRow.__table__.columns.keys()) - {"id", "card_id", "number"}
    first, second = ({name: getattr(lines[-1], name) for name in names} for lines in told)
    assert first == second
    assert (first["from_lane"], first["to_lane"], first["labels"]) == ("Web", "Shop", ["Bug", "Idea"])
