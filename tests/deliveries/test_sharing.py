"""Messages go with their schedule; what is sent is what its owner may see."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Forbidden
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import ledger
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Delivery, State
from app.deliveries.service import DeliveryNotFound, OrderInvalid
from app.deliveries.tables import DeliveryRow
from app.jobs.work_off import work_off
from app.schedules import service as schedules
from app.schedules.schemas import Schedule, ScheduleChange, ScheduleCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate
from tests.deliveries.orders import DUE, START, fire
from tests.sharing.conftest import new_person

pytestmark = pytest.mark.usefixtures("database")
HEADING = {"kind": "heading", "id": "top", "text": "Hello"}
SCHEMA = {"columns": [{"name": "amount", "type": "integer"}]}


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FixedClock]:
    with clock.use(fixed := clock.FixedClock(START)):
        yield fixed


def person(name: str, role: Role = Role.author) -> Actor:
    with db.transaction() as session:
        return new_person(session, role, name)


def new_template(owner: Actor, *blocks: dict[str, Any]) -> UUID:
    wanted = {"name": uuid4().hex, "blocks": blocks or [HEADING], "share_with": []}
    with db.transaction() as session:
        return templates.create_template(session, owner, TemplateCreate.model_validate(wanted)).id


def new_schedule(owner: Actor, template_id: UUID) -> Schedule:
    payload = {"template_id": str(template_id), "recipients": ["anna@example.com"]}
    with db.transaction() as session:
        new = ScheduleCreate(name="Weekly", cron="0 * * * *", payload=payload, share_with=[])
        return schedules.create_schedule(session, owner, new)


def share(kind: Kind, thing_id: UUID, to: Actor, level: Level = Level.view) -> None:
    with db.transaction() as session:
        sharing.grant(session, SYSTEM, kind, thing_id, ShareCreate(person_id=to.id, level=level))


def seen_by(actor: Actor) -> list[Delivery]:
    with db.transaction() as session:
        return deliveries.deliveries(session, actor).items


def sent(owner: Actor, noon: clock.FixedClock) -> tuple[Schedule, Delivery]:
    made = new_schedule(owner, new_template(owner))
    noon.at = DUE
    fire()
    return made, seen_by(SYSTEM)[0]


def test_messages_are_seen_by_those_who_see_the_schedule(noon: clock.FixedClock) -> None:
    ann, ben = person("Ann"), person("Ben")
    schedule, message = sent(ann, noon)
    assert [each.id for each in seen_by(ann)] == [message.id]
    assert seen_by(ben) == []
    for read in (deliveries.delivery, deliveries.message, deliveries.message_view, deliveries.retry_delivery):
        with pytest.raises(DeliveryNotFound, match="or you may not see it"), db.transaction() as session:
            read(session, ben, message.id)
    share(Kind.schedule, schedule.id, ben)
    with db.transaction() as session:
        assert deliveries.message(session, ben, message.id).startswith(b"From: ")
        with pytest.raises(Forbidden, match="look at only"):
            deliveries.retry_delivery(session, ben, message.id)


def test_messages_of_a_deleted_schedule_are_for_whom_it_was(noon: clock.FixedClock) -> None:
    ann, ben, admin = person("Ann"), person("Ben"), person("Ada", Role.admin)
    schedule, message = sent(ann, noon)
    share(Kind.schedule, schedule.id, ben, Level.edit)
    with db.transaction() as session:
        schedules.delete_schedule(session, ann, schedule.id)
    assert [each.id for each in seen_by(ann)] == [each.id for each in seen_by(admin)] == [message.id]
    assert seen_by(ben) == []


def test_whoever_says_what_is_sent_must_see_all_of_it() -> None:
    ann, ben = person("Ann"), person("Ben")
    with db.transaction() as session:
        new = DatasetCreate.model_validate({"name": "pay", "schema": SCHEMA, "share_with": []})
        datasets.create_dataset(session, ann, new)
    query = {"dataset": "pay", "measures": [{"function": "count", "as": "Rows"}]}
    secret = new_template(ann, {"kind": "kpi", "id": "rows", "title": "Rows", "query": query})
    schedule = new_schedule(ann, secret)
    share(Kind.schedule, schedule.id, ben, Level.edit)
    mine = {**schedule.payload, "recipients": ["ben@example.com"]}
    change = ScheduleChange(version=schedule.version, payload=mine)
    with pytest.raises(OrderInvalid, match="template_id: There is no template"), db.transaction() as session:
        schedules.change_schedule(session, ben, schedule.id, change)
    share(Kind.template, secret, ben)
    with pytest.raises(OrderInvalid, match="Not shared with Ben: the dataset “pay”"), db.transaction() as session:
        schedules.change_schedule(session, ben, schedule.id, change)
    with db.transaction() as session:
        renamed = ScheduleChange(version=schedule.version, name="Monthly")
        assert schedules.change_schedule(session, ben, schedule.id, renamed).name == "Monthly"


def test_a_schedule_whose_owner_lost_the_template_sends_nothing_and_says_why(noon: clock.FixedClock) -> None:
    ann, ben = person("Ann"), person("Ben")
    template_id = new_template(ben)
    share(Kind.template, template_id, ann)
    schedule = new_schedule(ann, template_id)
    with db.transaction() as session:
        sharing.forget(session, Kind.template, template_id)
    noon.at = DUE
    [run] = fire()
    [row] = seen_by(ann)
    reason = "Its template was deleted, or is no longer shared with Ann."
    assert (row.state, row.error, row.eml_key) == (State.failed, f"The report could not be made: {reason}", None)
    with db.transaction() as session:
        [fired] = schedules.fire_history(session, ann, schedule.id).items
    assert fired.error == run.error == reason


def test_what_an_owner_queued_before_being_deactivated_is_not_sent(noon: clock.FixedClock) -> None:
    ann = person("Ann")
    new_schedule(ann, new_template(ann))
    noon.at = DUE
    with db.transaction() as session:
        assert schedules.tick(session, DUE) == 1
        assert ann.id
        accounts.change_person(session, SYSTEM, ann.id, PersonChange(is_active=False))
    [run] = work_off(HANDLERS)
    [row] = seen_by(SYSTEM)
    reason = "The account of Ann is deactivated. Nothing is done in their name any more."
    assert (row.state, row.error) == (State.failed, reason)
    assert run.error == f"{reason} An administrator can start this again, in their own name."


def test_a_message_that_waits_for_its_next_attempt_says_that_nobody_makes_it_any_more(noon: clock.FixedClock) -> None:
    ann, admin = person("Ann"), person("Ada", Role.admin)
    _, message = sent(ann, noon)
    with db.transaction() as session:
        row = session.get_one(DeliveryRow, message.id)
        row.state, row.next_attempt_at = State.deferred, noon.at
        ledger.enqueue_send(session, ann, row.id, row.recipient)
        assert ann.id
        accounts.change_person(session, SYSTEM, ann.id, PersonChange(is_active=False))
    [run] = work_off(HANDLERS)
    [seen] = seen_by(admin)
    assert (seen.state, seen.next_attempt_at) == (State.failed, None)
    assert seen.error == "The account of Ann is deactivated. Nothing is done in their name any more."
    assert run.error == f"{seen.error} Somebody who may can send the message again under Deliveries."
    with db.transaction() as session:
        deliveries.retry_delivery(session, admin, message.id)
    work_off(HANDLERS)
    assert seen_by(admin)[0].state is State.sent
