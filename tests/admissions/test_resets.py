"""From "forgot my password" to a new one, by mail, exactly once."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from app.accounts import service as accounts
from app.accounts.schemas import CodeNeeded, KeyCreate, Person, PersonChange, PolicyChange, ProfileChange, SignedIn
from app.admissions import service as admissions
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import AppError
from app.jobs.schemas import RunStatus
from app.jobs.work_off import work_off
from app.worker import HANDLERS
from tests.admissions.conftest import PASSWORD, actor, make_person, signed_in, token_in, tokens
from tests.dump import dump
from tests.smtp_server import Mailbox

ANN = "ann@example.com"
NEW = PersonChange(password="four other unrelated words").password

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def ann(database: str) -> Person:
    return make_person(ANN)


def ask(email: str = ANN) -> None:
    with db.transaction() as session:
        admissions.request_reset(session, email, ip="192.0.2.7")


def choose(token: str, password: Any = NEW) -> Any:
    with db.transaction() as session:
        return admissions.choose_password(session, token, password)


def sign_in(password: str) -> Any:
    with db.transaction() as session:
        return accounts.sign_in(session, ANN, PersonChange(password=password).password)


def test_a_link_by_mail_gives_a_new_password_and_ends_all_sessions(ann: Person, mailbox: Mailbox) -> None:
    old = sign_in(PASSWORD)
    ask()
    outcome = choose(token_in(mailbox))
    assert isinstance(outcome, SignedIn)
    assert (signed_in(old.token), signed_in(outcome.token)) == (False, True)
    assert sign_in(PASSWORD) is None
    assert sign_in(NEW.get_secret_value()) is not None


def test_a_new_password_forgets_remembered_browsers_and_half_finished_sign_ins(ann: Person, mailbox: Mailbox) -> None:
    with db.transaction() as session:
        accounts.remember_device(session, ann.id, None)
        accounts.change_policy(session, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    assert isinstance(sign_in(PASSWORD), CodeNeeded)
    ask()
    outcome = choose(token_in(mailbox))
    assert isinstance(outcome, CodeNeeded)  # the second proof is asked for as ever
    for table, left in {"known_devices": 0, "pending_sign_ins": 1, "sessions": 0}.items():
        with db.transaction() as session:
            assert session.scalar(sa.text(f"select count(*) from {table}")) == left


def test_of_eight_at_once_one_chooses_the_password(ann: Person, mailbox: Mailbox) -> None:
    ask()
    token = token_in(mailbox)

    def attempt() -> str:
        try:
            return type(choose(token)).__name__
        except AppError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        got = [done.result() for done in [pool.submit(copy_context().run, attempt) for _ in range(8)]]
    assert sorted(got) == ["ResetUnusable"] * 7 + ["SignedIn"]


def test_a_link_works_once(ann: Person, mailbox: Mailbox) -> None:
    ask()
    token = token_in(mailbox)
    choose(token)
    with pytest.raises(admissions.ResetUnusable):
        choose(token)


@pytest.mark.parametrize(("seconds", "fits"), [(-1, True), (0, False)])
def test_a_link_lasts_thirty_minutes(
    ann: Person, mailbox: Mailbox, noon: clock.FixedClock, seconds: int, fits: bool
) -> None:
    ask()
    token = token_in(mailbox)
    noon.at += timedelta(minutes=30, seconds=seconds)
    if fits:
        assert choose(token)
        return
    with pytest.raises(admissions.ResetUnusable):
        choose(token)
    with db.transaction() as session:
        assert admissions.delete_old_links(session) == 1


def test_a_newer_link_voids_the_older_one(ann: Person, mailbox: Mailbox) -> None:
    ask()
    first = token_in(mailbox)
    ask()
    second = token_in(mailbox)
    with pytest.raises(admissions.ResetUnusable):
        choose(first)
    choose(second)


@pytest.mark.parametrize("email", ["nobody@example.com", "", "a\0b", "\ud800@example.com", "x" * 500])
def test_an_address_that_nobody_has_gets_the_same_job_and_no_letter(mailbox: Mailbox, email: str) -> None:
    ask(email)
    assert [run.status for run in work_off(HANDLERS)] == [RunStatus.completed]
    assert mailbox.contents == []


def test_somebody_deactivated_gets_no_link_and_an_older_one_is_void(ann: Person, mailbox: Mailbox) -> None:
    ask()
    token = token_in(mailbox)
    with db.transaction() as session:
        accounts.change_person(session, SYSTEM, ann.id, PersonChange(is_active=False))
    with pytest.raises(admissions.ResetUnusable):
        choose(token)
    ask()
    work_off(HANDLERS)
    assert len(mailbox.contents) == 1
    with db.transaction() as session, pytest.raises(admissions.NobodyToReset):
        admissions.make_reset_link(session, SYSTEM, ann.id)


def test_people_without_a_password_get_their_first_one(ann: Person, mailbox: Mailbox) -> None:
    with db.transaction() as session:
        session.execute(sa.text("update people set password_hash = ''"))
    ask()
    choose(token_in(mailbox))
    assert sign_in(NEW.get_secret_value()) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda session, ann: accounts.change_person(
            session, SYSTEM, ann.id, PersonChange(password="chosen by the boss")
        ),
        lambda session, ann: accounts.change_profile(
            session, actor(ann), ProfileChange(email="new@example.com", current_password=PASSWORD)
        ),
    ],
    ids=["password", "address"],
)
def test_what_was_sent_before_a_change_of_the_account_is_void(ann: Person, mailbox: Mailbox, change: Any) -> None:
    ask()
    token = token_in(mailbox)
    with db.transaction() as session:
        change(session, ann)
        assert admissions.person_to_reset(session, token) is None
    with pytest.raises(admissions.ResetUnusable):
        choose(token)


def test_the_token_is_nowhere_in_the_database(ann: Person, mailbox: Mailbox) -> None:
    ask()
    assert "192.0.2.7" not in dump()  # what was asked for is sealed too
    token = token_in(mailbox)
    assert token not in dump()
    choose(token)
    assert token not in dump()
    assert NEW.get_secret_value() not in dump()


def test_a_password_that_is_refused_leaves_the_link_open(ann: Person, mailbox: Mailbox) -> None:
    ask()
    token = token_in(mailbox)
    with pytest.raises(accounts.WeakPassword):
        choose(token, PersonChange(password="short").password)
    choose(token)


def test_an_administrator_sends_a_link_or_gets_it_to_pass_on(ann: Person, admin: Actor) -> None:
    with db.transaction() as session:
        made = admissions.make_reset_link(session, admin, ann.id)
    assert (made.sent_to, bool(made.link)) == (None, True)
    choose((made.link or "").rpartition("/")[2])


def test_with_a_mail_account_the_administrator_never_sees_the_link(ann: Person, admin: Actor, mailbox: Mailbox) -> None:
    with db.transaction() as session:
        made = admissions.make_reset_link(session, admin, ann.id)
    assert (made.sent_to, made.link) == (ANN, None)
    choose(token_in(mailbox))


def notices(mailbox: Mailbox) -> list[tuple[str, str]]:
    work_off(HANDLERS)
    mails = [message_from_bytes(content, policy=policy.default) for content in mailbox.contents]
    return [(mail["To"], mail["Subject"]) for mail in mails]


def test_people_are_told_that_their_password_was_changed(ann: Person, mailbox: Mailbox) -> None:
    ask()
    choose(token_in(mailbox))
    assert notices(mailbox)[1:] == [(ANN, "Your AutoReport password was changed")]
    assert len(tokens(mailbox)) == 1  # no link in it: nobody learns to follow links out of warnings


def test_the_old_address_is_told_of_the_new_one(ann: Person, mailbox: Mailbox) -> None:
    change = ProfileChange(email="new@example.com", current_password=PASSWORD)
    with db.transaction() as session:
        accounts.change_profile(session, actor(ann), change)
    assert notices(mailbox) == [(ANN, "Your AutoReport account has another e-mail address")]


def verified(email: str) -> bool:
    query = sa.text("select email_verified_at is not null from people where email = :email")
    with db.transaction() as session:
        return bool(session.scalar(query, {"email": email}))


@pytest.mark.parametrize(("proven", "works"), [(True, True), (False, False)])
def test_keys_stay_unless_the_address_was_never_shown_to_be_theirs(
    ann: Person, mailbox: Mailbox, proven: bool, works: bool
) -> None:
    """Somebody may have made the account with an address that is not theirs, and kept a key for later."""
    with db.transaction() as session:
        key = accounts.create_key(session, actor(ann), KeyCreate(name="kept")).key
        if not proven:
            accounts.doubt_email(session, ann.id)
    ask()
    choose(token_in(mailbox))
    with db.transaction() as session:
        assert (accounts.actor_of_key(session, key) is not None) == works


def test_an_address_counts_as_read_once_a_link_sent_to_it_was_used(ann: Person, mailbox: Mailbox) -> None:
    assert verified(ANN)
    change = ProfileChange(email="new@example.com", current_password=PASSWORD)
    with db.transaction() as session:
        accounts.change_profile(session, actor(ann), change)
    assert not verified("new@example.com")
    ask("new@example.com")
    choose(token_in(mailbox))
    assert verified("new@example.com")


def test_people_are_told_what_happens_to_their_second_proof(ann: Person, mailbox: Mailbox) -> None:
    with db.transaction() as session:
        started = accounts.start_two_factor(session, actor(ann))
        codes = accounts.confirm_two_factor(session, actor(ann), pyotp.TOTP(started.secret).at(clock.now())).codes
        pending = accounts.begin_sign_in(session, ann.id)
        assert accounts.give_code(session, pending.token, codes[0])
        accounts.turn_off_two_factor(session, actor(ann))
    assert {subject for _, subject in notices(mailbox)} == {
        "Two-factor sign-in is on for your AutoReport account",
        "A recovery code of your AutoReport account was used",
        "Two-factor sign-in is off for your AutoReport account",
    }
    assert not any(code in str(content) for content in mailbox.contents for code in [*codes, started.secret])
