"""Checklists: written, ticked, put in order, told in the history."""

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Forbidden, Invalid, NotFound
from app.tasks import service as tasks
from app.tasks.details import checklist as checklist_module
from app.tasks.details.schemas import ChecklistItem, ItemChange, ItemCreate
from app.tasks.schemas import Board, Card, CardChange
from tests.tasks.conftest import add


@pytest.fixture
def card(db: Session, ann: Actor, board: Board) -> Card:
    return add(db, ann, board, "Move house")[0]


def write(db: Session, actor: Actor, card: Card, *texts: str, to: str = "") -> list[ChecklistItem]:
    return [tasks.add_item(db, actor, card.id, ItemCreate(text=text, list=to)) for text in texts]


def texts(db: Session, actor: Actor, card: Card) -> list[str]:
    return [item.text for item in tasks.checklist(db, actor, card.id).items]


def test_items_stand_in_the_order_they_were_added_and_each_list_stays_together(
    db: Session, ann: Actor, card: Card
) -> None:
    write(db, ann, card, "Box", "Tape")
    write(db, ann, card, "Van", to="Hire")
    write(db, ann, card, "Labels")
    assert texts(db, ann, card) == ["Box", "Tape", "Labels", "Van"]


def test_an_item_goes_next_to_another_and_joins_its_list(db: Session, ann: Actor, card: Card) -> None:
    box, tape = write(db, ann, card, "Box", "Tape")
    [van] = write(db, ann, card, "Van", to="Hire")
    moved = tasks.change_item(db, ann, card.id, tape.id, ItemChange(before_id=box.id))
    assert texts(db, ann, card) == ["Tape", "Box", "Van"]
    assert (moved.text, moved.list) == ("Tape", "")
    assert tasks.change_item(db, ann, card.id, tape.id, ItemChange(after_id=van.id)).list == "Hire"
    assert texts(db, ann, card) == ["Box", "Van", "Tape"]


def test_a_tick_says_who_and_when_and_can_be_taken_back(db: Session, ann: Actor, bob: Actor, card: Card) -> None:
    [box] = write(db, ann, card, "Box")
    done = tasks.change_item(db, bob, card.id, box.id, ItemChange(done=True))
    assert (done.done, done.done_by) == (True, "Bob")
    assert done.done_at is not None
    open_again = tasks.change_item(db, ann, card.id, box.id, ItemChange(done=False))
    assert (open_again.done, open_again.done_at, open_again.done_by) == (False, None, None)


def test_each_change_is_in_the_history_and_outdates_nobodys_form(db: Session, ann: Actor, card: Card) -> None:
    [box] = write(db, ann, card, "Box")
    revision, _ = tasks.board_revision(db, ann, card.board_id)
    tasks.change_item(db, ann, card.id, box.id, ItemChange(text="Boxes"))
    tasks.change_item(db, ann, card.id, box.id, ItemChange(done=True))
    tasks.remove_item(db, ann, card.id, box.id)
    told = [event.changes for event in tasks.card_history(db, ann, card.id)[:4]]
    assert told == [
        {"checklist": ["Boxes", None]},
        {"ticked": [None, "Boxes"]},
        {"checklist": ["Box", "Boxes"]},
        {"checklist": [None, "Box"]},
    ]
    assert tasks.card(db, ann, card.id).version == card.version
    assert tasks.board_revision(db, ann, card.board_id)[0] > revision


def test_who_was_faster_is_who_changed_the_card_and_not_who_ticked_something(
    db: Session, ann: Actor, bob: Actor, card: Card
) -> None:
    [box] = write(db, ann, card, "Box")
    tasks.change_card(db, bob, card.id, CardChange(version=card.version, title="Move the house"))
    tasks.change_item(db, ann, card.id, box.id, ItemChange(done=True))
    with pytest.raises(tasks.StaleCard, match="Bob changed"):
        tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="Move"))


def test_a_change_that_changes_nothing_leaves_no_trace(db: Session, ann: Actor, card: Card) -> None:
    [box] = write(db, ann, card, "Box")
    before = len(tasks.card_history(db, ann, card.id))
    tasks.change_item(db, ann, card.id, box.id, ItemChange(text="Box", done=False))
    assert len(tasks.card_history(db, ann, card.id)) == before


def test_hundreds_of_moves_to_one_place_keep_the_order(db: Session, ann: Actor, card: Card) -> None:
    first, *others = write(db, ann, card, "First", "A", "B", "C")
    for turn in range(60):
        tasks.change_item(db, ann, card.id, others[turn % 3].id, ItemChange(after_id=first.id))
    assert texts(db, ann, card) == ["First", "C", "B", "A"]


def test_a_checklist_has_a_limit(db: Session, ann: Actor, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checklist_module, "MOST_ITEMS", 2)
    write(db, ann, card, "Box", "Tape")
    with pytest.raises(Invalid, match="at most 2 items"):
        write(db, ann, card, "Van")


def test_items_of_other_cards_and_of_nobody_are_not_found(db: Session, ann: Actor, board: Board, card: Card) -> None:
    [other] = add(db, ann, board, "Other")
    [box] = write(db, ann, other, "Box")
    with pytest.raises(NotFound):
        tasks.change_item(db, ann, card.id, box.id, ItemChange(done=True))
    with pytest.raises(tasks.ItemsMoved):
        tasks.add_item(db, ann, card.id, ItemCreate(text="Tape", after_id=box.id))


def test_viewers_read_and_archived_cards_rest(db: Session, ann: Actor, viewer: Actor, card: Card) -> None:
    [box] = write(db, ann, card, "Box")
    assert texts(db, viewer, card) == ["Box"]
    with pytest.raises(Forbidden):
        tasks.change_item(db, viewer, card.id, box.id, ItemChange(done=True))
    tasks.archive_card(db, ann, card.id)
    with pytest.raises(tasks.CardIsArchived):
        tasks.change_item(db, ann, card.id, box.id, ItemChange(done=True))


@pytest.mark.parametrize("text", ["", "  ", "x" * 501, "nul\x00"], ids=["empty", "blank", "long", "nul"])
def test_a_step_must_be_one_that_can_be_shown(text: str) -> None:
    with pytest.raises(ValidationError):
        ItemCreate(text=text)
