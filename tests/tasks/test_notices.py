"""Who is told what of cards, and that it is told once."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.notices import service as notices
from app.notices.schemas import Notice
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.details.schemas import BlockerAdd, Comment, CommentChange, CommentCreate
from app.tasks.schemas import Board, Card, CardChange
from tests.tasks.conftest import MONDAY, add, column, make_person, move
from tests.tasks.counting import statements


def told(db: Session, person: Actor) -> list[tuple[str, str]]:
    """Kind and subject, oldest first."""
    found = notices.notices(db, person, limit=100).items
    return sorted((one.kind.value, one.subject) for one in found)


def kinds(db: Session, person: Actor) -> list[str]:
    return [kind for kind, _ in told(db, person)]


def only(db: Session, person: Actor) -> Notice:
    (found,) = notices.notices(db, person).items
    return found


def change(db: Session, actor: Actor, card: Card, **fields: object) -> Card:
    wanted = CardChange.model_validate({"version": card.version, **fields})
    return tasks.change_card(db, actor, card.id, wanted)


def say(db: Session, actor: Actor, card: Card, text: str) -> Comment:
    return tasks.write_comment(db, actor, card.id, CommentCreate(text=text))


def give(db: Session, actor: Actor, card: Card, *people: Actor) -> Card:
    return change(db, actor, card, assignee_ids=[one.id for one in people])


@pytest.fixture
def cem(db: Session) -> Actor:
    return make_person(db, "Cem", Role.member)


def test_whom_a_card_is_given_to_is_told_once_and_never_by_themselves(
    db: Session, ann: Actor, bob: Actor, cem: Actor, board: Board
) -> None:
    (card,) = add(db, ann, board, "Roof", assignee_ids=[ann.id, bob.id])
    card = give(db, ann, card, bob, cem)
    change(db, ann, card, title="Roofs")
    assert told(db, bob) == [("assigned", "Ann gave you #1 Roof")]
    assert told(db, cem) == [("assigned", "Ann gave you #1 Roof")]
    assert told(db, ann) == []
    found = only(db, bob)
    assert (found.link, found.about) == (f"/board?board={board.id}&card={card.id}", "Team")


def test_a_card_that_is_given_again_is_told_again(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    (card,) = add(db, ann, board, "Roof", assignee_ids=[bob.id])
    card = give(db, ann, card)
    give(db, ann, card, bob)
    assert kinds(db, bob) == ["assigned", "assigned"]


def test_the_concerned_hear_of_a_comment_and_the_named_are_told_so_instead(
    db: Session, ann: Actor, bob: Actor, cem: Actor, board: Board
) -> None:
    (card,) = add(db, ann, board, "Roof")
    card = give(db, bob, card, bob)
    say(db, cem, card, "It leaks, @bob")
    assert told(db, ann) == [("commented", "Cem commented on #1 Roof")]
    assert told(db, bob) == [("mentioned", "Cem mentioned you on #1 Roof")]
    assert only(db, bob).text == "It leaks, @bob"
    assert told(db, cem) == []


def test_what_was_taken_out_of_a_comment_is_taken_out_of_its_notices(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    [card] = add(db, ann, board, "a")
    comment = say(db, ann, card, "@Bob the password is hunter2")
    tasks.edit_comment(db, ann, card.id, comment.id, CommentChange(text="@Bob ask me"))
    assert only(db, bob).text == "@Bob ask me"


def test_an_edited_comment_tells_only_whom_it_names_for_the_first_time(
    db: Session, ann: Actor, bob: Actor, cem: Actor, board: Board
) -> None:
    (card,) = add(db, ann, board, "Roof")
    comment = say(db, bob, card, "Look")
    for text in ("Look, @cem", "Look again, @cem and @Ann"):
        tasks.edit_comment(db, bob, card.id, comment.id, CommentChange(text=text))
    assert (kinds(db, ann), kinds(db, cem), kinds(db, bob)) == (["commented"], ["mentioned"], [])


def test_a_deleted_comment_and_a_deleted_card_take_their_notices_with_them(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    (card,) = add(db, ann, board, "Roof", assignee_ids=[bob.id])
    comment = say(db, ann, card, "The password is 1234")
    assert kinds(db, bob) == ["assigned", "commented"]
    tasks.delete_comment(db, ann, card.id, comment.id)
    assert kinds(db, bob) == ["assigned"]
    tasks.archive_card(db, ann, card.id)
    tasks.delete_card(db, ann, card.id)
    assert kinds(db, bob) == []


def test_a_description_tells_whom_it_names_newly(db: Session, ann: Actor, bob: Actor, cem: Actor, board: Board) -> None:
    (card,) = add(db, ann, board, "Roof", description="With @bob")
    change(db, ann, card, description="With @bob and @Cem")
    assert (kinds(db, bob), kinds(db, cem)) == (["mentioned"], ["mentioned"])


def test_nobody_outside_of_the_board_is_found_by_a_mention(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    (share,) = sharing.shares(db, ann, Kind.board, board.id)
    sharing.revoke(db, ann, share.id)
    (card,) = add(db, ann, board, "Roof", description="With @bob")
    say(db, ann, card, "And @bob@example.com")
    assert told(db, bob) == []


def test_who_loses_sight_of_the_board_reads_nothing_of_its_cards(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    (card,) = add(db, ann, board, "Roof", assignee_ids=[bob.id])
    (share,) = sharing.shares(db, ann, Kind.board, board.id)
    sharing.revoke(db, ann, share.id)
    say(db, ann, card, "Secret")
    assert told(db, bob) == []
    assert notices.unread_count(db, bob).unread == 0


def test_a_card_is_free_when_the_last_one_it_waits_for_is_done_or_archived(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    roof, wall, floor = add(db, ann, board, "Roof", "Wall", "Floor")
    give(db, bob, roof, bob)
    for blocker in (wall, floor):
        tasks.add_blocker(db, ann, roof.id, BlockerAdd(card_id=blocker.id))
    done = move(db, ann, wall, column(board, "Completed"))
    assert kinds(db, bob) == []
    tasks.archive_card(db, ann, floor.id)
    change(db, ann, done, title="Walls")
    tasks.archive_card(db, ann, wall.id)
    assert told(db, bob) == [("unblocked", "#1 Roof is no longer blocked")]
    assert only(db, bob).text == "#3 Floor is archived."


def test_taking_off_the_last_blocker_frees_a_card_too(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    roof, wall, floor = add(db, bob, board, "Roof", "Wall", "Floor")
    for blocker in (wall, floor):
        tasks.add_blocker(db, ann, roof.id, BlockerAdd(card_id=blocker.id))
    tasks.remove_blocker(db, ann, roof.id, wall.id)
    assert kinds(db, bob) == []
    tasks.remove_blocker(db, ann, roof.id, floor.id)
    assert kinds(db, bob) == ["unblocked"]


def test_a_blocker_that_moves_on_when_it_is_done_frees_nobody_twice(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    roof, wall = add(db, bob, board, "Roof", "Wall")
    tasks.add_blocker(db, ann, roof.id, BlockerAdd(card_id=wall.id))
    done = move(db, ann, wall, column(board, "Completed"))
    change(db, ann, done, title="Walls")
    tasks.archive_card(db, ann, wall.id)
    assert kinds(db, bob) == ["unblocked"]


def test_telling_costs_the_same_for_two_people_and_for_eight(db: Session, ann: Actor, board: Board) -> None:
    people = [make_person(db, f"Person{number}", Role.viewer) for number in range(8)]
    costs: list[int] = []
    for some in (people[:1], people[:2], people):
        ids: list[UUID | None] = [one.id for one in some]
        text = " ".join(f"@{one.name}" for one in some)
        with statements(db) as sent:
            (card,) = add(db, ann, board, f"For {len(some)}", assignee_ids=ids)
            say(db, ann, card, text)
        costs.append(len(sent))
    assert costs[1] == costs[2]
    assert kinds(db, people[1]) == ["assigned", "assigned", "mentioned", "mentioned"]
    assert kinds(db, people[7]) == ["assigned", "mentioned"]


def test_many_cards_at_once_are_one_notice_and_cost_no_more_than_few(
    db: Session, ann: Actor, bob: Actor, cem: Actor, board: Board
) -> None:
    cards = add(db, ann, board, *[f"Card {number}" for number in range(14)])
    costs = []
    for some in (cards[:1], cards[1:5], cards[5:]):
        ids, people = [card.id for card in some], [one.id for one in (bob, ann) if one.id]
        with statements(db) as sent:
            tasks.change_cards(
                db, ann, board.id, BulkEdit.model_validate({"card_ids": ids, "change": {"assign": people}})
            )
        costs.append(len(sent))
    assert costs[1] == costs[2]
    subjects = [subject for _, subject in told(db, bob)]
    assert subjects == ["Ann gave you #1 Card 0", "Ann gave you 4 cards", "Ann gave you 9 cards"]
    assert told(db, ann) == []


def test_blockers_that_are_archived_together_free_their_card_once(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    roof, wall, floor = add(db, bob, board, "Roof", "Wall", "Floor")
    for blocker in (wall, floor):
        tasks.add_blocker(db, ann, roof.id, BlockerAdd(card_id=blocker.id))
    both = {"card_ids": [wall.id, floor.id], "change": {"action": "archive"}}
    with clock.use(clock.FixedClock(MONDAY)):
        tasks.change_cards(db, ann, board.id, BulkEdit.model_validate(both))
    assert kinds(db, bob) == ["unblocked"]
