"""What waits for what: never in a circle, told on the card, and in the way of Done only where the board says so."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.tasks import service as tasks
from app.tasks.details.schemas import BlockerAdd
from app.tasks.schemas import Board, BoardChange, BoardCreate, BoardOptions, Card
from app.tasks.tables import BoardRow, CardRow
from tests.tasks.conftest import add, column, move


@pytest.fixture
def cards(db: Session, ann: Actor, board: Board) -> list[Card]:
    return add(db, ann, board, "Dig", "Pour", "Build", "Paint")


def block(db: Session, actor: Actor, card: Card, *others: Card) -> None:
    for other in others:
        tasks.add_blocker(db, actor, card.id, BlockerAdd(card_id=other.id))


def forbid(db: Session, board: Board) -> None:
    row = db.get_one(BoardRow, board.id)
    row.options = BoardOptions(forbid_done_while_blocked=True).model_dump()
    db.flush()


def revision_of(db: Session, card: Card) -> int:
    return db.get_one(CardRow, card.id, populate_existing=True).revision


def test_both_ends_say_what_they_wait_for_by_number_title_and_state(
    db: Session, ann: Actor, viewer: Actor, board: Board, cards: list[Card]
) -> None:
    dig, pour, build, _ = cards
    block(db, ann, build, pour, dig)
    move(db, ann, dig, column(board, "Completed"))
    assert [(one.number, one.title, one.open, one.column) for one in tasks.blockers(db, viewer, build.id).items] == [
        (1, "Dig", False, "Completed"), (2, "Pour", True, "To do")]  # fmt: skip
    assert [one.title for one in tasks.waiting(db, viewer, pour.id).items] == ["Build"]
    tasks.remove_blocker(db, ann, build.id, pour.id)
    told = [event.changes for event in tasks.card_history(db, ann, build.id)[:3]]
    assert told == [
        {"blocked_by": ["#2 Pour", None]},
        {"blocked_by": [None, "#1 Dig"]},
        {"blocked_by": [None, "#2 Pour"]},
    ]


def test_a_circle_is_refused_and_the_way_around_it_is_told(db: Session, ann: Actor, cards: list[Card]) -> None:
    dig, pour, build, paint = cards
    block(db, ann, pour, dig)
    block(db, ann, build, pour, dig)
    block(db, ann, paint, build)
    with pytest.raises(tasks.WaitsInCircle, match=r"#4 Paint, which waits for #3 Build, which waits for .*#1 Dig"):
        block(db, ann, dig, paint)
    with pytest.raises(tasks.WaitsInCircle, match="cannot wait for itself"):
        block(db, ann, dig, dig)
    assert tasks.blockers(db, ann, dig.id).items == []


def test_the_same_link_twice_is_one(db: Session, ann: Actor, cards: list[Card]) -> None:
    dig, pour, *_ = cards
    block(db, ann, pour, dig, dig)
    assert len(tasks.blockers(db, ann, pour.id).items) == 1
    assert len(tasks.card_history(db, ann, pour.id)) == 2


def test_cards_of_other_boards_and_unknown_links_are_refused(db: Session, ann: Actor, cards: list[Card]) -> None:
    other = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Other")).id)
    [far] = add(db, ann, other, "Far")
    with pytest.raises(Invalid, match=r"no card .* on this board"):
        block(db, ann, cards[0], far)
    with pytest.raises(NotFound):
        tasks.remove_blocker(db, ann, cards[0].id, cards[1].id)


def test_done_is_refused_while_blocked_only_where_the_board_says_so(
    db: Session, ann: Actor, board: Board, cards: list[Card]
) -> None:
    dig, pour, build, _ = cards
    block(db, ann, build, dig, pour)
    forbid(db, board)
    with pytest.raises(tasks.CardBlocked, match="“Build” waits for “#1 Dig”, “#2 Pour”") as refused:
        move(db, ann, build, column(board, "Completed"))
    assert refused.value.blocked_by == [1, 2]
    move(db, ann, dig, column(board, "Completed"))
    tasks.archive_card(db, ann, pour.id)
    assert move(db, ann, tasks.card(db, ann, build.id), column(board, "Completed")).completed_at


def test_without_the_option_a_blocked_card_may_be_done(
    db: Session, ann: Actor, board: Board, cards: list[Card]
) -> None:
    block(db, ann, cards[1], cards[0])
    assert move(db, ann, cards[1], column(board, "Completed")).completed_at


def test_whoever_waits_is_shown_anew_when_a_blocker_goes_or_comes_back(
    db: Session, ann: Actor, board: Board, cards: list[Card]
) -> None:
    dig, pour, *_ = cards
    block(db, ann, pour, dig)
    seen = [revision_of(db, pour)]
    for act in (
        lambda: move(db, ann, dig, column(board, "Completed")),
        lambda: move(db, ann, tasks.card(db, ann, dig.id), column(board, "To do")),
        lambda: tasks.archive_card(db, ann, dig.id),
        lambda: tasks.revive_card(db, ann, dig.id),
        lambda: tasks.archive_card(db, ann, dig.id),
        lambda: tasks.delete_card(db, ann, dig.id),
    ):
        act()
        seen.append(revision_of(db, pour))
    assert seen == sorted(set(seen))
    assert tasks.blockers(db, ann, pour.id).items == []


def test_what_can_still_be_waited_for_is_found_by_words_and_by_number(
    db: Session, ann: Actor, board: Board, cards: list[Card]
) -> None:
    dig, pour, build, paint = cards
    block(db, ann, paint, build)
    move(db, ann, dig, column(board, "Completed"))
    found = tasks.possible_blockers(db, ann, paint.id)
    assert [one.title for one in found] == ["Pour"]
    assert [one.number for one in tasks.possible_blockers(db, ann, pour.id, "#3")] == [3]
    assert [one.title for one in tasks.possible_blockers(db, ann, pour.id, "PAI nt")] == ["Paint"]
    assert tasks.possible_blockers(db, ann, pour.id, "100%") == []


def test_a_column_that_becomes_done_counts_as_done(db: Session, ann: Actor, board: Board, cards: list[Card]) -> None:
    dig, pour, *_ = cards
    block(db, ann, pour, dig)
    before = revision_of(db, pour)
    tasks.archive_card(db, ann, pour.id)
    edits = [{"id": one.id, "name": one.name, "is_done": one.is_done or one.name == "To do"} for one in board.columns]
    tasks.change_board(db, ann, board.id, BoardChange.model_validate({"columns": edits}))
    assert [one.open for one in tasks.blockers(db, ann, pour.id).items] == [False]
    assert revision_of(db, pour) > before


def test_cards_whose_column_becomes_a_done_one_do_not_hold_each_other_up(
    db: Session, ann: Actor, board: Board, cards: list[Card]
) -> None:
    dig, pour, *_ = cards
    block(db, ann, dig, pour)
    forbid(db, board)
    columns = [{"id": one.id, "name": one.name, "is_done": one.name == "To do"} for one in board.columns]
    tasks.change_board(db, ann, board.id, BoardChange.model_validate({"columns": columns}))
    now = [tasks.card(db, ann, card.id) for card in cards]
    assert all(card.completed_at and card.category == "accomplishment" for card in now)
    told = tasks.card_history(db, ann, dig.id)[0].changes
    assert (told["category"], told["completed_at"][0]) == (["in_progress", "accomplishment"], None)
