"""A frozen noon, a real mail server, and what a person finds in their mailbox."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from app.accounts import service as accounts
from app.accounts.schemas import Person, PersonCreate
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Role
from app.core.settings import settings
from app.jobs.work_off import work_off
from app.worker import HANDLERS
from tests.deliveries.orders import make_account
from tests.smtp_server import PASSWORD as SERVER_PASSWORD
from tests.smtp_server import USERNAME, Authority, Mailbox, good_server

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
PASSWORD = "three quite unrelated words"


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FixedClock]:
    fixed = clock.FixedClock(NOON)
    with clock.use(fixed):
        yield fixed


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def mailbox(database: str, authority: Authority) -> Iterator[Mailbox]:
    """Everything that is sent arrives here."""
    with good_server(authority) as (found, port):
        make_account(port, authority, username=USERNAME, password=SERVER_PASSWORD)
        yield found


@pytest.fixture
def signup(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def choose(mode: str, **more: str) -> None:
        for name, value in {"SIGNUP": mode, **more}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield choose
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def admin(database: str) -> Actor:
    return actor(make_person("boss@example.com", Role.admin, name="Boss"))


def make_person(email: str, role: Role = Role.member, *, name: str = "Ann") -> Person:
    with db.transaction() as session:
        new = PersonCreate(email=email, name=name, role=role, password=PASSWORD)
        return accounts.create_person(session, SYSTEM, new)


def actor(person: Person) -> Actor:
    return Actor(id=person.id, name=person.name, email=person.email, role=person.role)


def token_in(mailbox: Mailbox) -> str:
    """Of the newest letter, once all jobs are done."""
    work_off(HANDLERS)
    return tokens(mailbox)[-1]


def tokens(mailbox: Mailbox) -> list[str]:
    found = (
        re.search(rb"/auth/(?:invitation|reset)/([\w-]{43})", text.replace(b"=\r\n", b"")) for text in mailbox.contents
    )
    return [match[1].decode() for match in found if match]


def signed_in(token: str) -> bool:
    with db.transaction() as session:
        return accounts.actor_of_session(session, token) is not None
