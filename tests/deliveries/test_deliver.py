"""From a due schedule to a report in every mailbox, and a ledger that says what happened."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest

from app.core import clock, db, storage
from app.core.actor import SYSTEM
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Channel, State
from app.jobs.schemas import RunStatus
from app.jobs.work_off import work_off
from app.reports import service as reports
from app.schedules import service as schedules
from app.templates import service as templates
from app.templates.schemas import Parameter
from tests.deliveries.orders import (
    DUE,
    START,
    fire,
    impatient,
    ledger,
    make_account,
    make_schedule,
    make_template,
    secret,
)
from tests.smtp_server import PASSWORD, USERNAME, Authority, FaultServer, good_server

ANNA, BEN = "anna@example.com", "ben@example.com"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FixedClock]:
    fixed = clock.FixedClock(START)
    with clock.use(fixed), impatient():
        yield fixed


@pytest.fixture
def template_id(database: str) -> UUID:
    return make_template()


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_without_an_account_the_message_is_read_in_the_app(template_id: UUID, noon: clock.FixedClock) -> None:
    make_schedule(template_id, [ANNA], message="Good morning,\nhere it is.", subject="Your week")
    noon.at = DUE
    assert [run.status for run in fire()] == [RunStatus.completed]
    (row,) = ledger()
    assert (row.state, row.channel, row.subject, row.recipient) == (State.sent, Channel.outbox, "Your week", ANNA)
    assert row.sent_at == DUE
    with db.transaction() as session:
        seen = deliveries.message_view(session, SYSTEM, row.id)
        assert reports.report(session, SYSTEM, row.report_id or row.id).status == RunStatus.completed
    assert "Good morning,\nhere it is." in seen.text
    assert "ALL IS WELL" in seen.text
    assert "Nothing broke, see the board (https://example.com/board)." in seen.text
    assert f"/reports?report={row.report_id}" in seen.html
    assert seen.attachments[0][0] == "Weekly.pdf"


def test_each_recipient_gets_one_message_over_smtp(template_id: UUID, authority: Authority) -> None:
    with good_server(authority) as (mailbox, port):
        account = make_account(port, authority, username=USERNAME, password=secret(PASSWORD))
        made = make_schedule(template_id, [ANNA, BEN, "ANNA@example.com"], smtp_account_id=str(account.id))
        (run,) = fire()
    assert (run.status, run.result and run.result["sent"]) == (RunStatus.completed, 2)
    assert sorted(one.rcpt_tos[0] for one in mailbox.envelopes) == [ANNA, BEN]
    mail = read(mailbox.contents[0])
    assert mail["From"] == "Example Reports <reports@example.com>"
    assert (mail["Auto-Submitted"], mail["List-Id"]) == ("auto-generated", f"<{made.id.hex}.schedules.example.com>")
    pdf = next(mail.iter_attachments()).get_payload(decode=True)
    assert isinstance(pdf, bytes)
    assert pdf.startswith(b"%PDF-")
    assert pdf == pdf_of(ledger()[0].report_id)


def pdf_of(report_id: UUID | None) -> bytes:
    assert report_id
    with db.transaction() as session:
        return reports.report_pdf(session, SYSTEM, report_id)


def test_what_is_kept_is_what_was_sent(template_id: UUID, authority: Authority) -> None:
    with good_server(authority) as (mailbox, port):
        account = make_account(port, authority, username=USERNAME, password=secret(PASSWORD))
        make_schedule(template_id, [ANNA], smtp_account_id=str(account.id))
        fire()
    (row,) = ledger()
    with db.transaction() as session:
        kept = deliveries.message(session, SYSTEM, row.id)
    assert mailbox.contents == [kept]
    assert (row.eml_size, read(kept)["Message-ID"]) == (len(kept), row.message_id)
    assert (row.smtp_code, row.reply) == (250, "2.0.0 kept as 1")


MATRIX = [
    ({"greeting": "421 busy drop"}, State.deferred, "greeting", 421, 0),
    ({"mail": "550 no"}, State.failed, "sender", 550, 0),
    ({"rcpt": "450 later"}, State.deferred, "recipient", 450, 0),
    ({"rcpt": "421 later drop"}, State.deferred, "recipient", 421, 0),
    ({"rcpt": "550 no such user"}, State.failed, "recipient", 550, 0),
    ({"data": "451 not now"}, State.deferred, "data", 451, 0),
    ({"data": "drop"}, State.deferred, "data", None, 0),
    ({"dot": "drop"}, State.unknown, "dot", None, 1),
    ({"dot": "hang"}, State.unknown, "dot", None, 1),
    ({"dot": "421 refused drop"}, State.deferred, "dot", 421, 1),
    ({"dot": "452 full"}, State.deferred, "dot", 452, 1),
    ({"dot": "554 spam"}, State.failed, "dot", 554, 1),
    ({"quit": "drop"}, State.sent, "done", 250, 1),
]


@pytest.mark.parametrize(("answers", "state", "phase", "code", "stored"), MATRIX, ids=lambda value: str(value)[:24])
def test_each_fault_leads_to_its_state(
    template_id: UUID, authority: Authority, answers: dict[str, str], state: State, phase: str, code: int, stored: int
) -> None:
    with FaultServer(authority, answers) as server:
        make_schedule(template_id, [ANNA], smtp_account_id=str(make_account(server.port, authority).id))
        with impatient(after_dot=0.5 if "hang" in answers.values() else 60):
            fire()
        assert not stored or server.dot_came.wait(60)
        assert len(server.stored) == stored
    (row,) = ledger()
    assert (row.state, row.phase, row.smtp_code, row.attempt) == (state, phase, code, 1)
    assert (row.next_attempt_at is not None) == (state == State.deferred)
    assert (row.error is None) == (state == State.sent)


def test_a_server_that_hangs_up_in_the_body_is_never_taken_for_a_success(
    template_id: UUID, authority: Authority
) -> None:
    """Whether it is noticed before or after the dot is the network's choice: certain it may only be before."""
    with FaultServer(authority, {"body": "drop"}) as server:
        make_schedule(template_id, [ANNA], smtp_account_id=str(make_account(server.port, authority).id))
        fire()
        assert server.stored == []
    (row,) = ledger()
    assert (row.state, row.phase) in {(State.deferred, "body"), (State.unknown, "dot")}


def test_a_deferred_message_is_tried_again_by_itself_with_the_same_bytes(
    template_id: UUID, authority: Authority, noon: clock.FixedClock
) -> None:
    with FaultServer(authority, {"rcpt": "450 later"}) as server:
        make_schedule(template_id, [ANNA], smtp_account_id=str(make_account(server.port, authority).id))
        fire()
        before = ledger()[0]
        server.answers.clear()
        assert work_off(HANDLERS) == []
        noon.at += timedelta(seconds=61)
        assert [run.status for run in work_off(HANDLERS)] == [RunStatus.completed]
        (row,) = ledger()
        assert (row.state, row.attempt, row.message_id) == (State.sent, 2, before.message_id)
        assert server.stored == [storage.read(row.eml_key or "")]


def test_after_the_last_attempt_a_deferred_message_has_failed(
    template_id: UUID, authority: Authority, noon: clock.FixedClock
) -> None:
    with FaultServer(authority, {"rcpt": "450 later"}) as server:
        make_schedule(template_id, [ANNA], smtp_account_id=str(make_account(server.port, authority).id))
        fire()
        for _ in range(10):
            noon.at += timedelta(hours=5)
            work_off(HANDLERS)
    (row,) = ledger()
    assert (row.state, row.attempt) == (State.failed, 6)
    assert (row.error or "").startswith("Given up after 6 attempts.")


def test_one_bad_recipient_makes_the_run_partial_and_only_that_one_is_retried(
    template_id: UUID, authority: Authority
) -> None:
    with FaultServer(authority, {f"rcpt:{ANNA}": "550 no such user"}) as server:
        make_schedule(template_id, [ANNA, BEN], smtp_account_id=str(make_account(server.port, authority).id))
        (run,) = fire()
        assert run.status is RunStatus.partial
        assert "1 sent, 1 failed. no such user" in (run.error or "")
        anna, ben = ledger()
        assert (anna.state, ben.state) == (State.failed, State.sent)
        server.answers.clear()
        with db.transaction() as session:
            deliveries.retry_delivery(session, SYSTEM, anna.id)
        work_off(HANDLERS)
        assert [row.state for row in ledger()] == [State.sent, State.sent]
        assert server.recipients == [BEN, ANNA]


def test_a_message_of_unknown_fate_is_never_sent_again_by_itself(
    template_id: UUID, authority: Authority, noon: clock.FixedClock
) -> None:
    with FaultServer(authority, {"dot": "drop"}) as server:
        make_schedule(template_id, [ANNA], smtp_account_id=str(make_account(server.port, authority).id))
        (run,) = fire()
        assert run.status is RunStatus.partial
        server.answers.clear()
        noon.at += timedelta(days=2)
        assert work_off(HANDLERS) == []
        assert len(server.stored) == 1
        with db.transaction() as session:
            deliveries.retry_delivery(session, SYSTEM, ledger()[0].id)
        work_off(HANDLERS)
        assert server.stored[0] == server.stored[1], "a person asked: the same bytes with the same Message-ID"
    assert ledger()[0].state is State.sent


def test_under_at_least_once_an_unknown_fate_is_sent_again_with_the_same_message_id(
    template_id: UUID, authority: Authority, noon: clock.FixedClock
) -> None:
    with FaultServer(authority, {"dot": "drop"}) as server:
        account_id = str(make_account(server.port, authority).id)
        make_schedule(template_id, [ANNA], smtp_account_id=account_id, unknown_policy="at_least_once")
        fire()
        server.answers.clear()
        noon.at += timedelta(seconds=61)
        work_off(HANDLERS)
        assert len(server.stored) == 2
        assert server.stored[0] == server.stored[1]
    assert ledger()[0].state is State.sent


def test_a_server_that_is_down_is_asked_once_for_all_recipients(template_id: UUID, authority: Authority) -> None:
    with FaultServer(authority, {"greeting": "421 busy drop"}) as server:
        account_id = str(make_account(server.port, authority).id)
        make_schedule(template_id, [f"p{number}@example.com" for number in range(5)], smtp_account_id=account_id)
        fire()
        assert server.connections == 1
    assert {row.state for row in ledger()} == {State.deferred}


def test_a_report_that_cannot_be_made_is_said_in_every_row(template_id: UUID) -> None:
    made = make_schedule(template_id, [ANNA, BEN])
    with db.transaction() as session:
        templates.delete_template(session, SYSTEM, template_id)
    (run,) = fire()
    assert run.status is RunStatus.failed
    assert [row.state for row in ledger(schedule_id=made.id)] == [State.failed, State.failed]
    assert "The report could not be made" in (ledger()[0].error or "")


def test_a_deleted_account_fails_with_the_way_out(template_id: UUID, authority: Authority) -> None:
    account = make_account(25, authority)
    make_schedule(template_id, [ANNA], smtp_account_id=str(account.id))
    with db.transaction() as session:
        deliveries.delete_smtp_account(session, SYSTEM, account.id)
    (run,) = fire()
    assert (run.status, run.error) == (
        RunStatus.failed,
        "The mail account of this schedule was deleted. Choose another one there.",
    )


def test_a_late_report_says_so(template_id: UUID) -> None:
    make_schedule(template_id, [ANNA])
    with db.transaction() as session:
        schedules.tick(session, DUE + timedelta(minutes=30))
    work_off(HANDLERS)
    with db.transaction() as session:
        seen = deliveries.message_view(session, SYSTEM, ledger()[0].id)
    assert "This report was due on Fri 27 Mar 2026 13:00 +00:00 and is late." in seen.text


def test_yesterday_is_counted_from_the_day_of_the_fire_in_the_zone_of_the_schedule(database: str) -> None:
    day = Parameter(name="day", type="date", default="yesterday")
    timing = {"cron": "30 0 * * *", "zone": "Asia/Tokyo", "catch_up": "each"}
    make_schedule(make_template(day), [ANNA], timing=timing)
    with db.transaction() as session:
        assert schedules.tick(session, START + timedelta(days=2)) == 2
    work_off(HANDLERS)
    with db.transaction() as session:
        made = [reports.report(session, SYSTEM, row.report_id or row.id).parameters for row in ledger()]
    # 00:30 on the 28th in Tokyo is 15:30 on the 27th in UTC.
    assert sorted(each["day"] for each in made) == ["2026-03-27", "2026-03-28"]
