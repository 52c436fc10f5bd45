"""Templates of cards."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Forbidden, Invalid
from app.tasks import service as tasks
from app.tasks.automations.schemas import CardContent, CardTemplate, TemplateChange, TemplateCreate, TemplateUse
from app.tasks.details import service as details
from app.tasks.details.schemas import ItemCreate
from app.tasks.schemas import Board
from tests.tasks.conftest import MONDAY, add, column


def template(db: Session, actor: Actor, board: Board, name: str = "Release", **content: object) -> CardTemplate:
    facts = {"title": "Release", **content}
    new = TemplateCreate(name=name, content=CardContent.model_validate(facts))
    return tasks.automations.create_card_template(db, actor, board.id, new)


def test_a_card_from_a_template_has_its_checklist_and_its_dates_from_today(
    db: Session, ann: Actor, board: Board
) -> None:
    made = template(db, ann, board, due_in_days=3, checklist=["Test", "Ship"], priority="high")
    with clock.use(clock.FixedClock(MONDAY)):
        use = TemplateUse(title="Release 7", column_id=column(board, "Pending"))
        card = tasks.automations.use_card_template(db, ann, made.id, use).card
    assert (card.title, card.priority, card.due_on) == ("Release 7", "high", date(2026, 3, 5))
    assert card.column_id == column(board, "Pending")
    assert card.owner_id == ann.id
    assert [item.text for item in details.checklist(db, ann, card.id).items] == ["Test", "Ship"]


def test_a_template_of_a_card_counts_its_dates_from_when_it_was_made(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        due = MONDAY.date() + timedelta(days=5)
        [card] = add(db, ann, board, "Onboard", due_on=due, assignee_ids=[ann.id], priority="low")
    details.add_item(db, ann, card.id, ItemCreate(text="Laptop"))
    new = TemplateCreate(name="Onboarding", from_card_id=card.id)
    content = tasks.automations.create_card_template(db, ann, board.id, new).content
    assert (content.title, content.due_in_days, content.start_in_days) == ("Onboard", 5, None)
    assert (content.assignee_ids, content.checklist, content.priority) == ([ann.id], ["Laptop"], "low")


def test_a_change_of_a_template_leaves_its_cards_alone(db: Session, ann: Actor, board: Board) -> None:
    made = template(db, ann, board)
    card = tasks.automations.use_card_template(db, ann, made.id, TemplateUse()).card
    change = TemplateChange(version=1, content=CardContent(title="Other"))
    assert tasks.automations.change_card_template(db, ann, made.id, change).content.title == "Other"
    with pytest.raises(tasks.automations.TemplateChanged):
        tasks.automations.change_card_template(db, ann, made.id, change)
    tasks.automations.delete_card_template(db, ann, made.id)
    assert tasks.card(db, ann, card.id).title == "Release"
    assert not tasks.automations.card_templates(db, ann, board.id).items


def test_names_are_given_once_a_board_whatever_their_case(db: Session, ann: Actor, board: Board) -> None:
    template(db, ann, board)
    with pytest.raises(Conflict, match="has a template named “RELEASE” already"):
        template(db, ann, board, "RELEASE")


def test_what_cannot_be_a_template_is_refused(db: Session, ann: Actor, viewer: Actor, board: Board) -> None:
    with pytest.raises(Invalid, match="give one of them"):
        tasks.automations.create_card_template(db, ann, board.id, TemplateCreate(name="x"))
    with pytest.raises(ValidationError, match="must not be less than"):
        template(db, ann, board, start_in_days=3, due_in_days=1)
    with pytest.raises(Forbidden):
        template(db, viewer, board)


def test_any_card_can_become_a_template(db: Session, ann: Actor, board: Board) -> None:
    [card] = add(db, ann, board, "a", due_on=date.max)
    for text in ("one\ttwo", "\x01"):
        details.add_item(db, ann, card.id, ItemCreate(text=text))
    new = TemplateCreate.model_validate({"name": "x", "from_card": card.id})
    content = tasks.automations.create_card_template(db, ann, board.id, new).content
    assert (content.due_in_days, content.checklist) == (3650, ["one two"])
