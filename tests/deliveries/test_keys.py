"""Keys for stored secrets: changed while the product runs, and lost without stopping it."""

import threading
from collections.abc import Iterator

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core import clock, db, sealed, secrets
from app.core.actor import SYSTEM, Actor
from app.core.settings import settings
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Letter, SmtpAccountChange, State
from app.jobs.work_off import work_off
from app.monitoring import service as monitoring
from tests.deliveries.orders import DUE, START, fire, impatient, ledger, make_account, make_schedule, make_template
from tests.smtp_server import PASSWORD, USERNAME, Authority, good_server

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ANNA = "anna@example.com"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def old_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins with the old key."""
    use(monkeypatch, OLD)
    yield
    monkeypatch.undo()
    settings.cache_clear()
    secrets._fernet.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("SMTP_ENV_KEY", keys)
    settings.cache_clear()
    secrets._fernet.cache_clear()


def person_with_second_proof() -> tuple[Actor, str]:
    with db.transaction() as session:
        new = PersonCreate(email=ANNA, name="Anna", password=SecretStr("three unrelated words"))
        anna = accounts.actor_of(session, accounts.create_person(session, SYSTEM, new).id)
        secret = accounts.start_two_factor(session, anna).secret
        accounts.confirm_two_factor(session, anna, pyotp.TOTP(secret).at(clock.now()))
    return anna, secret


def rows_under(key: str) -> int:
    """How many rows of all tables hold something that was written with this key."""
    mark = f"%{secrets.key_id(key)}:gAAAA%"
    with db.transaction() as session:
        return sum(
            session.scalar(sa.select(sa.func.count()).where(sa.cast(column, sa.Text).like(mark))) or 0
            for column in sealed._columns()
        )


def test_a_rotation_reaches_every_kind_of_secret_and_then_the_old_key_can_go(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.use(clock.FixedClock(START)), impatient(), good_server(authority) as (mailbox, port):
        anna, _ = person_with_second_proof()  # before there is a mail account, or she would be told of it by a letter
        make_account(port, authority, username=USERNAME, password=SecretStr(PASSWORD))
        letter = Letter(to=ANNA, subject="Hello", text="Come in.", button="In", link="https://example.com/secret")
        with db.transaction() as session:
            deliveries.send_letter(session, letter, unique_key="1")  # in flight: it waits for a worker
        assert rows_under(OLD) == 3
        use(monkeypatch, f"{NEW},{OLD}")
        done = monitoring.rotate_secrets(SYSTEM)
        assert (done.rotated, done.unreadable) == (3, {})
        assert monitoring.rotate_secrets(SYSTEM).rotated == 0
        use(monkeypatch, NEW)
        assert (rows_under(OLD), rows_under(NEW)) == (0, 3)
        work_off(HANDLERS)
    assert len(mailbox.contents) == 1
    with db.transaction() as session:
        assert accounts.two_factor(session, anna).is_readable


def test_passwords_that_change_during_a_rotation_stay_as_they_were_entered(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make_account(port, authority, username="ann", password=SecretStr("first")) for port in range(2000, 2030)]
    use(monkeypatch, f"{NEW},{OLD}")

    def change() -> None:
        for account in made:
            with db.transaction() as session:
                entered = SmtpAccountChange(password=SecretStr(f"second {account.port}"))
                deliveries.change_smtp_account(session, SYSTEM, account.id, entered)

    person = threading.Thread(target=change)
    person.start()
    sealed.rotate()
    person.join()
    use(monkeypatch, NEW)
    with db.transaction() as session:
        stored = session.execute(sa.text("select port, password_encrypted from smtp_accounts")).all()
    assert {port: secrets.decrypt(text) for port, text in stored} == {a.port: f"second {a.port}" for a in made}


def test_with_a_lost_key_messages_wait_until_the_password_is_entered_again(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.use(clock.FixedClock(START)) as noon, impatient(), good_server(authority) as (mailbox, port):
        account = make_account(port, authority, username=USERNAME, password=SecretStr(PASSWORD))
        make_schedule(make_template(), [ANNA], smtp_account_id=str(account.id))
        use(monkeypatch, NEW)
        noon.at = DUE
        fire()
        (waiting,) = ledger()
        assert waiting.state is State.deferred
        assert "Enter it again" in (waiting.error or "")
        with db.transaction() as session:
            assert deliveries.smtp_accounts(session, SYSTEM)[0].needs_password
            assert not deliveries.check_smtp_account(session, SYSTEM, account.id).ok
            assert monitoring.system(session, SYSTEM).unreadable_secrets == {"passwords of mail accounts": 1}
            entered = SmtpAccountChange(password=SecretStr(PASSWORD))
            assert not deliveries.change_smtp_account(session, SYSTEM, account.id, entered).needs_password
        assert waiting.next_attempt_at
        noon.at = waiting.next_attempt_at
        work_off(HANDLERS)
    assert ledger()[0].state is State.sent
    assert len(mailbox.contents) == 1


def test_a_rotation_without_the_old_key_says_what_is_lost_and_does_the_rest(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(2001, authority, username="ann", password=SecretStr("one"))
    between = Fernet.generate_key().decode()
    use(monkeypatch, between)
    make_account(2002, authority, username="ann", password=SecretStr("two"))
    use(monkeypatch, f"{NEW},{between}")
    done = monitoring.rotate_secrets(SYSTEM)
    assert (done.rotated, done.unreadable) == (1, {"passwords of mail accounts": 1})
