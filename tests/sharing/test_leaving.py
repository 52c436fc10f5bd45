"""Somebody leaves: out at once, and what they own is somebody else's, or found later."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import Person
from app.core.actor import Actor, Role
from app.core.errors import Forbidden, Invalid
from app.core.intake import Upload
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate
from app.documents import service as documents
from app.queries import service as queries
from app.queries.schemas import QueryCreate, QuerySpec
from app.reports import service as reports
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.sharing.service import RoleTooLow
from app.sources import service as sources
from app.sources.schemas import SourceCreate
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate
from tests.sharing.conftest import People, new_person

LATER = datetime(2100, 1, 1, tzinfo=UTC)
SCHEMA = {"columns": [{"name": "amount", "type": "integer"}]}


def make_one_of_each(db: Session, owner: Actor) -> None:
    tasks.create_board(db, owner, BoardCreate(name="Team"))
    pay = datasets.create_dataset(
        db, owner, DatasetCreate.model_validate({"name": f"pay-{uuid4().hex[:8]}", "schema": SCHEMA})
    )
    question = QuerySpec(dataset=pay.name, columns=["amount"])
    queries.create_query(db, owner, QueryCreate(name=f"Pay {uuid4().hex}", question=question))
    place = {"url": "https://127.0.0.1:1/pay.csv"}
    new_source = SourceCreate(name=f"Pay {uuid4().hex}", kind="https", dataset=pay.name, settings=place)
    sources.create_source(db, owner, new_source)
    stored = Upload("pay.pdf", f"documents/{uuid4().hex}", 1, "0" * 64)
    documents.receive_document(db, owner, stored, "pdf")
    template = templates.create_template(db, owner, TemplateCreate(name=f"Weekly {uuid4().hex}"))
    reports.request_report(db, owner, template.id, {})
    payload = {"template_id": str(template.id), "recipients": ["anna@example.com"]}
    schedules.create_schedule(db, owner, ScheduleCreate(name="Mondays", cron="0 8 * * 1", payload=payload))
    if owner.role is Role.admin:
        new = SmtpAccountCreate(name=uuid4().hex, host="localhost", from_address="reports@example.com")
        deliveries.create_smtp_account(db, owner, new)


def seen(db: Session, admin: Actor, who: Actor) -> Person:
    return next(one for one in accounts.people(db, admin) if one.id == who.id)


def kinds_of(db: Session, admin: Actor, who: Actor) -> set[Kind]:
    assert who.id
    return {thing.kind for thing in sharing.owned(db, admin, who.id)}


def test_everything_of_every_kind_goes_to_the_new_owner(db: Session, people: People) -> None:
    leaver = new_person(db, Role.admin, "Leo")
    make_one_of_each(db, leaver)
    assert leaver.id
    moved = sharing.deactivate_person(db, people.admin, leaver.id, hand_over_to=people.admin.id)
    assert {thing.kind for thing in moved} == set(Kind)
    assert kinds_of(db, people.admin, leaver) == set()
    assert kinds_of(db, people.admin, people.admin) == set(Kind)
    assert not seen(db, people.admin, leaver).is_active


def test_a_schedule_that_was_handed_over_goes_on_in_the_new_owners_name(db: Session, people: People) -> None:
    make_one_of_each(db, people.owner)
    assert people.owner.id
    sharing.deactivate_person(db, people.admin, people.owner.id, hand_over_to=people.stranger.id)
    schedules.tick(db, LATER)
    [mine] = [one for one in schedules.schedules(db, people.stranger, limit=200).items if one.name == "Mondays"]
    assert (mine.owner_id, mine.error, mine.enabled) == (people.stranger.id, None, True)
    assert schedules.fire_history(db, people.stranger, mine.id).items


def test_without_a_new_owner_everything_is_found_later(db: Session, people: People) -> None:
    make_one_of_each(db, people.owner)
    assert people.owner.id
    assert sharing.deactivate_person(db, people.admin, people.owner.id) == []
    left = [thing for thing in sharing.left_behind(db, people.admin) if thing.person_id == people.owner.id]
    assert {thing.kind for thing in left} == set(Kind) - {Kind.smtp_account}
    assert {thing.person for thing in left} == {"Olga"}
    assert set(left) <= set(sharing.left_behind_page(db, people.admin, limit=200).items)
    assert people.admin.id
    sharing.hand_over(db, people.admin, people.owner.id, people.admin.id)
    assert people.owner.id not in {thing.person_id for thing in sharing.left_behind(db, people.admin)}


def test_who_may_not_own_it_gets_nothing_and_nobody_is_deactivated(db: Session, people: People) -> None:
    make_one_of_each(db, people.owner)
    assert people.owner.id
    with pytest.raises(RoleTooLow, match="Max is member"), db.begin_nested():
        sharing.deactivate_person(db, people.admin, people.owner.id, hand_over_to=people.member.id)
    assert seen(db, people.admin, people.owner).is_active
    assert kinds_of(db, people.admin, people.owner) == set(Kind) - {Kind.smtp_account}


def test_things_go_to_nobody_who_has_left(db: Session, people: People) -> None:
    assert people.owner.id
    assert people.stranger.id
    sharing.deactivate_person(db, people.admin, people.stranger.id)
    with pytest.raises(Invalid, match="Stan is deactivated"):
        sharing.deactivate_person(db, people.admin, people.owner.id, hand_over_to=people.stranger.id)


def test_only_administrators_see_and_move_what_others_own(db: Session, people: People) -> None:
    assert people.owner.id
    with pytest.raises(Forbidden):
        sharing.deactivate_person(db, people.stranger, people.owner.id)
    with pytest.raises(Forbidden):
        sharing.left_behind(db, people.stranger)
