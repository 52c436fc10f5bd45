"""Notices by mail: when it was asked for, once, and only what may be seen and was not read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Role
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Channel, State
from app.jobs import service as jobs
from app.jobs.work_off import work_off
from app.notices import service as notices
from app.notices.schemas import About, MailMode, NoticeKind, NoticeSettingsChange
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate
from tests.access_objects import new_person
from tests.deliveries.orders import START, impatient, ledger, make_account
from tests.smtp_server import PASSWORD, USERNAME, Authority, FaultServer, good_server

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FixedClock]:
    """12:00 in UTC, 13:00 in Berlin."""
    fixed = clock.FixedClock(START)
    with clock.use(fixed), impatient():
        yield fixed


@pytest.fixture
def ann() -> Actor:
    return subscriber("ann@example.com")


def subscriber(email: str, mail: MailMode = MailMode.daily, hour: int = 18) -> Actor:
    person = new_person(Role.viewer, email)
    with db.transaction() as session:
        change = NoticeSettingsChange(mail=mail, hour=hour, zone="Europe/Berlin")
        notices.change_settings(session, person, change)
    return person


def tell(person: Actor, key: str, about: About | None = None, text: str = "") -> None:
    assert person.id
    subject, link = f"Subject <{key}>", f"/board?board=1&card={key}"
    with db.transaction() as session:
        kind = NoticeKind.assigned
        notices.tell(session, [person.id], kind, key=key, subject=subject, text=text, link=link, about=about)


def tick() -> bool:
    with db.transaction() as session:
        return deliveries.start_digests(session)


def send() -> int:
    """How many runs there were."""
    tick()
    return len(work_off(HANDLERS))


def parts(content: bytes) -> tuple[EmailMessage, str, str]:
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    return mail, text.get_content(), html.get_content()


def test_what_is_unread_comes_in_one_mail_at_the_hour_of_the_reader(
    authority: Authority, ann: Actor, noon: clock.FixedClock
) -> None:
    with good_server(authority) as (mailbox, port):
        make_account(port, authority, username=USERNAME, password=PASSWORD)
        for key in ("one", "two", "read"):
            tell(ann, key, text="Said <b>loudly</b>")
        with db.transaction() as session:
            read = next(n for n in notices.notices(session, ann).items if "read" in n.subject)
            notices.mark_read(session, ann, read.id)
        noon.at += timedelta(hours=4, minutes=59)
        assert send() == 0, "17:59 in Berlin"
        noon.at += timedelta(minutes=1)
        assert send() == 1
        noon.at += timedelta(hours=5)
        assert send() == 0
    (content,) = mailbox.contents
    mail, text, html = parts(content)
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "2 notices of AutoReport")
    assert (text.count("/board?board=1&card="), "read" in text.replace("not read", "")) == (2, False)
    assert html.count('href="http://127.0.0.1:8501/board?board=1&amp;card=') == 2
    assert "Said &lt;b&gt;loudly" in html
    assert "/settings?tab=Notices" in html
    assert "/settings?tab=Notices" in text
    assert "/settings?tab=Notices" in mail["List-Unsubscribe"]


def test_what_comes_after_the_hour_waits_for_the_next_day(ann: Actor, noon: clock.FixedClock) -> None:
    noon.at += timedelta(hours=6)
    tell(ann, "evening")
    assert send() == 0
    noon.at += timedelta(days=1)
    assert send() == 1


def test_an_hourly_mail_holds_what_came_before_the_full_hour(noon: clock.FixedClock) -> None:
    bob = subscriber("bob@example.com", MailMode.hourly)
    tell(bob, "at twelve")
    noon.at += timedelta(minutes=59)
    assert send() == 0
    noon.at += timedelta(minutes=1)
    tell(bob, "at one")
    assert send() == 1
    noon.at += timedelta(hours=1)
    assert send() == 1
    assert [row.subject for row in ledger()] == ["Subject <at one>", "Subject <at twelve>"]


def test_without_a_mail_account_it_goes_to_the_outbox_and_its_reader_sees_it(
    ann: Actor, noon: clock.FixedClock
) -> None:
    tell(ann, "one")
    noon.at += timedelta(days=1)
    send()
    (row,) = ledger()
    assert (row.state, row.channel, row.recipient) == (State.sent, Channel.outbox, "ann@example.com")
    with db.transaction() as session:
        assert "Subject <one>" in deliveries.message_view(session, ann, row.id).text
        assert deliveries.deliveries(session, new_person(Role.author)).items == []


def test_two_timers_and_two_workers_make_one_mail(ann: Actor, noon: clock.FixedClock) -> None:
    tell(ann, "one")
    noon.at += timedelta(days=1)

    def make(_: int) -> None:
        with clock.use(clock.FixedClock(noon.at)):
            tick()
            with db.transaction() as session:  # a run of its own, as if the first one had been given up for dead
                jobs.enqueue(session, SYSTEM, "deliveries.send_digests", {}, title="again")
            work_off(HANDLERS)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make, range(4)))
    assert [row.state for row in ledger()] == [State.sent]


def test_a_crash_before_the_commit_loses_nothing_and_one_after_it_doubles_nothing(
    ann: Actor, noon: clock.FixedClock
) -> None:
    tell(ann, "one")
    noon.at += timedelta(days=1)
    with db.transaction() as session:
        assert notices.take_digest(session, ann, noon.at)
        session.rollback()
    with db.transaction() as session:
        assert notices.take_digest(session, ann, noon.at)
    with db.transaction() as session:
        assert notices.take_digest(session, ann, noon.at) is None
        assert notices.due_digests(session, noon.at) == []


def test_a_server_that_is_busy_gets_the_same_mail_later(
    authority: Authority, ann: Actor, noon: clock.FixedClock
) -> None:
    with FaultServer(authority, {"rcpt": "450 later"}) as server:
        make_account(server.port, authority)
        tell(ann, "one")
        noon.at += timedelta(days=1)
        send()
        assert ledger()[0].state is State.deferred
        server.answers.clear()
        noon.at += timedelta(minutes=1, seconds=1)
        work_off(HANDLERS)
        assert (ledger()[0].state, ledger()[0].attempt, len(server.stored)) == (State.sent, 2, 1)


def test_what_may_no_longer_be_seen_is_not_mailed(noon: clock.FixedClock) -> None:
    owner, bob = new_person(Role.member), subscriber("bob@example.com")
    with db.transaction() as session:
        board = tasks.create_board(session, owner, BoardCreate(name="Secret plans"))
    tell(bob, "hidden", About(Kind.board, board.id, board.name))
    with db.transaction() as session:
        for share in sharing.shares(session, owner, Kind.board, board.id):
            sharing.revoke(session, owner, share.id)
    noon.at += timedelta(days=1)
    assert send() == 1
    assert (ledger(), tick()) == ([], False), "nothing is sent when there is nothing, and nobody asks again"


def test_who_has_left_and_who_switches_mails_on_later_get_nothing_old(noon: clock.FixedClock) -> None:
    gone, late = subscriber("gone@example.com"), subscriber("late@example.com", MailMode.off)
    for person in (gone, late):
        tell(person, "old")
    noon.at += timedelta(minutes=1)
    assert gone.id
    with db.transaction() as session:
        accounts.change_person(session, SYSTEM, gone.id, PersonChange(is_active=False))
        notices.change_settings(session, late, NoticeSettingsChange(mail=MailMode.daily))
    noon.at += timedelta(days=2)
    assert send() == 0
    assert ledger() == []
