"""What may be asked to be sent, who may do what, and the ledger as a list."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core import db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Forbidden, Invalid
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Channel, DeliveryFilter, Policy, State
from app.jobs.work_off import work_off
from app.schedules import service as schedules
from tests.deliveries.orders import ledger, make_schedule, make_template

ANNA = "anna@example.com"

pytestmark = pytest.mark.usefixtures("database")


def problems(payload: dict[str, Any]) -> dict[str, str]:
    with db.transaction() as session, pytest.raises(Invalid) as refused:
        deliveries.check_order(session, SYSTEM, payload)
    return {each["field"]: each["message"] for each in refused.value.details}


def sent(count: int = 1) -> UUID:
    """A schedule that was run once and sent to so many people."""
    made = make_schedule(make_template(), [f"p{number}@example.com" for number in range(count)])
    with db.transaction() as session:
        schedules.run_now(session, SYSTEM, made.id)
    work_off(HANDLERS)
    return made.id


def test_each_bad_field_of_an_order_is_named() -> None:
    good = {"template_id": str(make_template()), "recipients": [ANNA]}
    assert "not a mail address" in problems({**good, "recipients": [ANNA, "nobody"]})["payload.recipients.1"]
    assert "payload.recipients" in problems({**good, "recipients": []})
    assert "payload.subject" in problems({**good, "subject": "Hello\r\nBcc: evil@x.y"})
    assert "no template" in problems({**good, "template_id": str(uuid4())})["payload.template_id"]
    assert "no mail account" in problems({**good, "smtp_account_id": str(uuid4())})["payload.smtp_account_id"]
    assert "no parameter" in problems({**good, "parameters": {"month": 3}})["payload.parameters"]
    assert "payload.attach.0" in problems({**good, "attach": ["exe"]})
    assert "payload.bcc" in problems({**good, "bcc": [ANNA]})


def test_an_order_is_kept_with_its_defaults_and_each_recipient_once() -> None:
    payload = {"template_id": str(make_template()), "recipients": [ANNA, "BEN@müller.example", "Anna@Example.com"]}
    with db.transaction() as session:
        kept = deliveries.check_order(session, SYSTEM, payload)
    assert kept["recipients"] == [ANNA, "BEN@xn--mller-kva.example"]
    assert (kept["smtp_account_id"], kept["attach"], kept["unknown_policy"]) == (None, ["pdf"], Policy.never_twice)


def test_the_ledger_is_a_list_in_pages_with_filters() -> None:
    schedule_id = sent(5)
    with db.transaction() as session:
        first = deliveries.deliveries(session, SYSTEM, limit=3)
        rest = deliveries.deliveries(session, SYSTEM, limit=3, cursor=first.next_cursor)
        assert (len(first.items), len(rest.items), rest.next_cursor) == (3, 2, None)
        assert len({row.id for row in [*first.items, *rest.items]}) == 5
    assert [row.recipient for row in ledger(recipient="P3@")] == ["p3@example.com"]
    assert len(ledger(schedule_id=schedule_id, channel=Channel.outbox, state=State.sent)) == 5
    assert ledger(state=State.failed) == ledger(recipient="%") == ledger(schedule_id=uuid4()) == []


def test_what_was_sent_is_not_sent_again() -> None:
    sent()
    with db.transaction() as session, pytest.raises(deliveries.NotToBeRetried):
        deliveries.retry_delivery(session, SYSTEM, ledger()[0].id)


def test_a_second_click_on_send_again_is_refused_while_the_first_is_on_its_way() -> None:
    sent()
    row = ledger()[0]
    with db.transaction() as session:
        deliveries.access_delivery(session, SYSTEM, row.id).state = State.failed
    with db.transaction() as session:
        assert deliveries.retry_delivery(session, SYSTEM, row.id).state is State.queued
    with db.transaction() as session, pytest.raises(deliveries.NotToBeRetried):
        deliveries.retry_delivery(session, SYSTEM, row.id)
    work_off(HANDLERS)
    assert [(each.state, each.attempt) for each in ledger()] == [(State.sent, 2)]


@pytest.mark.parametrize(
    ("state", "phase", "shown"),
    [
        (State.queued, None, State.failed),
        (State.sending, "body", State.failed),
        (State.sending, "dot", State.unknown),
    ],
)
def test_a_message_that_a_dead_run_left_behind_does_not_wait_for_ever(
    state: State, phase: str | None, shown: State
) -> None:
    sent()
    with db.transaction() as session:
        row = deliveries.access_delivery(session, SYSTEM, ledger()[0].id)
        row.state, row.phase = state, phase
    assert ledger()[0].state is shown
    with db.transaction() as session:
        deliveries.retry_delivery(session, SYSTEM, ledger()[0].id)
    work_off(HANDLERS)
    assert ledger()[0].state is State.sent


def test_the_ledger_outlives_the_schedule() -> None:
    schedule_id = sent()
    with db.transaction() as session:
        schedules.delete_schedule(session, SYSTEM, schedule_id)
    (row,) = ledger()
    assert (row.schedule_id, row.schedule_name, row.state) == (None, "Weekly to the team", State.sent)


@pytest.mark.parametrize("role", [Role.viewer, Role.member])
def test_readers_read_and_authors_retry(role: Role) -> None:
    sent()
    row, reader = ledger()[0], Actor(id=uuid4(), name="reader", role=role)
    with db.transaction() as session:
        assert deliveries.deliveries(session, reader, DeliveryFilter()).items == [row]
        assert deliveries.message(session, reader, row.id).startswith(b"From: ")
        with pytest.raises(Forbidden):
            deliveries.retry_delivery(session, reader, row.id)
