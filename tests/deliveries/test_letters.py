"""Letters about accounts: sent by one account, never kept, their secrets nowhere in clear."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import pytest
from pydantic import ValidationError

from app.core import clock, db
from app.core.actor import SYSTEM, Role
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Channel, Letter, SmtpAccountChange, State
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.jobs.work_off import work_off
from tests.deliveries.orders import START, impatient, ledger, make_account
from tests.dump import dump
from tests.smtp_server import PASSWORD, USERNAME, Authority, FaultServer, good_server

ANNA, TOKEN = "anna@example.com", "s3cret-token-that-opens-a-door"
LETTER = Letter(
    to=ANNA,
    subject="Choose a new password",
    text="Hello <b>Anna</b>,\n\nsomebody asked for it.",
    button="Choose a password",
    link=f"https://reports.example.com/auth/reset/{TOKEN}",
    after="If it was not you, do nothing.",
    good_until=START + timedelta(minutes=30),
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FixedClock]:
    fixed = clock.FixedClock(START)
    with clock.use(fixed), impatient():
        yield fixed


def post(letter: Letter = LETTER, key: str = "1") -> None:
    with db.transaction() as session:
        deliveries.send_letter(session, letter, unique_key=key)


def test_a_letter_comes_as_text_and_as_html(authority: Authority) -> None:
    with good_server(authority) as (mailbox, port):
        make_account(port, authority, username=USERNAME, password=PASSWORD)
        post()
        post()  # under the same key it is the same letter
        assert [run.status for run in work_off(HANDLERS)] == [RunStatus.completed]
    (content,) = mailbox.contents
    mail = message_from_bytes(content, policy=policy.default)
    text, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    assert (mail["To"], mail["Subject"], mail["From"]) == (
        ANNA,
        LETTER.subject,
        "Example Reports <reports@example.com>",
    )
    assert LETTER.link in text
    assert f'href="{LETTER.link}"' in html
    assert "Hello &lt;b&gt;Anna" in html
    (row,) = ledger()
    assert (row.state, row.channel, row.recipient, row.eml_size) == (State.sent, Channel.smtp, ANNA, None)


def test_the_secret_of_a_letter_is_nowhere_in_the_database(authority: Authority) -> None:
    with good_server(authority) as (mailbox, port):
        make_account(port, authority, username=USERNAME, password=PASSWORD)
        post()
        assert TOKEN not in dump()
        work_off(HANDLERS)
    assert TOKEN.encode() in mailbox.contents[0].replace(b"=\r\n", b"")
    assert TOKEN not in dump()
    assert ANNA in dump()  # so the dump does hold what was written


def test_a_server_that_is_busy_gets_the_same_letter_later(authority: Authority, noon: clock.FixedClock) -> None:
    with FaultServer(authority, {"rcpt": "450 later"}) as server:
        make_account(server.port, authority)
        post()
        assert [run.status for run in work_off(HANDLERS)] == [RunStatus.partial]
        assert ledger()[0].state is State.deferred
        server.answers.clear()
        noon.at += timedelta(minutes=1, seconds=1)
        assert [run.status for run in work_off(HANDLERS)] == [RunStatus.completed]
    assert (ledger()[0].state, ledger()[0].attempt, len(server.stored)) == (State.sent, 2, 1)


def test_a_link_that_has_expired_is_not_sent_any_more(authority: Authority, noon: clock.FixedClock) -> None:
    with FaultServer(authority) as server:
        make_account(server.port, authority)
        post()
        noon.at += timedelta(minutes=30)
        assert [run.status for run in work_off(HANDLERS)] == [RunStatus.failed]
    assert (server.connections, ledger()[0].state) == (0, State.failed)
    assert "has expired" in (ledger()[0].error or "")


def test_a_certificate_that_nobody_vouches_for_gets_no_letter(authority: Authority) -> None:
    with good_server(Authority()) as (mailbox, port):
        make_account(port, authority)
        post()
        work_off(HANDLERS)
    assert mailbox.contents == []
    assert (ledger()[0].state, ledger()[0].phase) == (State.failed, "certificate")


def test_without_a_mail_account_no_letter_can_be_sent() -> None:
    with db.transaction() as session:
        assert not deliveries.can_send_letters(session)
        with pytest.raises(deliveries.NoMailAccount):
            deliveries.send_letter(session, LETTER, unique_key="1")


def test_exactly_one_account_sends_letters(authority: Authority, noon: clock.FixedClock) -> None:
    first = make_account(1, authority)
    noon.at += timedelta(seconds=1)
    second = make_account(2, authority)
    assert (first.is_system, second.is_system) == (True, False)
    with db.transaction() as session:
        deliveries.change_smtp_account(session, SYSTEM, second.id, SmtpAccountChange(is_system=True))
    assert systems() == {second.name}
    third = make_account(3, authority, is_system=True)
    assert systems() == {third.name}
    with db.transaction() as session:
        deliveries.delete_smtp_account(session, SYSTEM, third.id)
    assert systems() == {first.name}


def systems() -> set[str]:
    with db.transaction() as session:
        return {one.name for one in deliveries.smtp_accounts(session, SYSTEM) if one.is_system}


def test_nothing_in_a_name_starts_a_header(authority: Authority) -> None:
    sneaky = Letter(**{**LETTER.model_dump(), "subject": "A\r\nBcc: e@x.y"})
    with good_server(authority) as (mailbox, port):
        make_account(port, authority, username=USERNAME, password=PASSWORD)
        post(sneaky)
        work_off(HANDLERS)
    mail = message_from_bytes(mailbox.contents[0], policy=policy.default)
    assert (mail["Subject"], mail["Bcc"]) == ("A Bcc: e@x.y", None)
    assert mailbox.envelopes[0].rcpt_tos == [ANNA]
    with pytest.raises(ValidationError):
        Letter(**{**LETTER.model_dump(), "to": "a@example.com\r\nBcc: e@x.y"})


def test_a_letter_cannot_be_read_or_sent_again_by_hand(authority: Authority) -> None:
    make_account(1, authority)
    post()
    with db.transaction() as session:
        with pytest.raises(deliveries.LetterNotKept):
            deliveries.message(session, SYSTEM, ledger()[0].id)
        with pytest.raises(deliveries.LetterNotKept):
            deliveries.retry_delivery(session, SYSTEM, ledger()[0].id)
        author = SYSTEM.model_copy(update={"role": Role.author, "id": uuid4()})
        assert deliveries.deliveries(session, author).items == []
        with pytest.raises(deliveries.DeliveryNotFound):
            deliveries.delivery(session, author, ledger()[0].id)
        assert jobs.list_runs(session, SYSTEM).items[0].title == f"Send to {ANNA}"
