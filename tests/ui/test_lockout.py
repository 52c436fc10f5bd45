"""Guessing passwords through the real door: what it costs a stranger, and that it costs the owner nothing."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import DEVICE
from app.accounts.schemas import Person, PersonCreate
from app.audit.tables import AuditRow
from app.core import clock
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.db import transaction
from tests.ui.conftest import EMAIL, PASSWORD, product
from tests.ui.test_signin import csrf

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def time(database: str) -> Iterator[FixedClock]:
    with clock.use(FixedClock(START)) as fixed:
        assert isinstance(fixed, FixedClock)
        yield fixed


def from_address(number: int, **cookies: str) -> TestClient:
    """A browser at an address of its own."""
    ip = f"198.51.{number // 250}.{number % 250}"
    return TestClient(product(), client=(ip, 4711), cookies=cookies, follow_redirects=False)


def try_password(browser: TestClient, email: str = EMAIL, password: str = "wrong") -> int:
    return browser.post("/auth/login", json={"email": email, "password": password}).status_code


def device_of(email: str = EMAIL) -> str:
    """The cookie of a browser in which this person has signed in."""
    browser = from_address(0)
    assert try_password(browser, email, PASSWORD) == 200
    return browser.cookies[DEVICE]


def test_a_thousand_guesses_take_days_and_the_owner_gets_in_meanwhile(ann: Person, time: FixedClock) -> None:
    owner = from_address(9999, **{DEVICE: device_of()})
    answered = 0
    for second in range(0, 3600, 24):  # from 150 addresses, so that only the account's own limit holds
        time.at = START + timedelta(seconds=second)
        answered += try_password(from_address(1 + second)) == 401
        if second % 600 == 0:
            assert try_password(owner, password=PASSWORD) == 200
    assert answered <= 10 + 10
    hours_for_a_thousand = (1000 - 10) / 10
    assert hours_for_a_thousand > 1


def test_the_thousandth_guess_is_answered_after_four_days(time: FixedClock) -> None:
    """The attacker waits exactly as long as each refusal says, and takes a new address each time."""
    for first in range(0, 1000, 20):
        with transaction() as db:
            for number in range(first, first + 20):
                if refusal := accounts.spend_sign_in(db, EMAIL, ip=f"2001:db8:{number:x}::1"):
                    time.at += timedelta(seconds=refusal.retry_after)
                    assert accounts.spend_sign_in(db, EMAIL, ip=f"2001:db8:{number:x}::2") is None
    assert time.at - START == timedelta(hours=99)


def test_who_is_shut_out_gets_in_when_the_time_is_over(ann: Person, time: FixedClock) -> None:
    stranger = from_address(1)
    while try_password(stranger) == 401:
        pass
    refused = from_address(2).post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 429
    time.at += timedelta(seconds=int(refused.headers["retry-after"]))
    assert try_password(from_address(3), password=PASSWORD) == 200


def test_a_link_by_mail_lets_the_owner_in_at_once(ann: Person, time: FixedClock) -> None:
    while try_password(from_address(1)) == 401:
        pass
    with transaction() as db:
        accounts.reset_password(db, ann.id, SecretStr("four quite other words"), by_mail=True)
    assert try_password(from_address(2), password="four quite other words") == 200


def test_one_address_cannot_try_one_password_on_everybody(ann: Person, time: FixedClock) -> None:
    spray = from_address(1)
    statuses = [try_password(spray, f"person{number}@example.com") for number in range(30)]
    assert statuses == [401] * 20 + [429] * 10
    assert try_password(spray, password=PASSWORD) == 429
    assert try_password(from_address(2), password=PASSWORD) == 200


def test_of_many_guesses_at_once_only_the_allowance_is_looked_at(ann: Person, database: str) -> None:
    statuses, ready = list[int](), threading.Barrier(20)

    def go(number: int) -> None:
        ready.wait()
        statuses.append(try_password(from_address(number)))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [401] * 10 + [429] * 10


def test_the_refusal_does_not_tell_whether_the_account_exists(ann: Person, time: FixedClock) -> None:
    answers = []
    for number, email in enumerate((EMAIL, "nobody@example.com")):
        browser = from_address(number)
        form = {"email": email, "password": "wrong", "csrf": csrf(browser)}
        sent = [browser.post("/auth/login", data=form) for _ in range(11)]
        assert [answer.status_code for answer in sent] == [401] * 10 + [429]
        text = re.sub(r'value="[^"]*"', "", sent[-1].text)
        answers.append((text, sent[-1].headers["retry-after"]))
        refused = browser.post("/auth/login", json={"email": email, "password": "wrong"})
        assert (refused.json()["error"], refused.headers["retry-after"]) == ("TooMany", "360")
    assert answers[0] == answers[1]
    assert "Wait 6 minutes, then try again." in answers[0][0]


def test_signing_in_costs_nothing_and_forgives_nothing(ann: Person, time: FixedClock) -> None:
    browser = from_address(1)
    assert [try_password(browser, password=PASSWORD) for _ in range(12)] == [200] * 12
    with transaction() as db:
        accounts.create_person(db, SYSTEM, PersonCreate(email="eve@x.de", name="Eve", password=SecretStr(PASSWORD)))
    guesses = []
    for _ in range(11):  # with an account of one's own in between
        assert try_password(from_address(2), "eve@x.de", PASSWORD) == 200
        guesses.append(try_password(from_address(2)))
    assert guesses == [401] * 10 + [429]


@pytest.mark.parametrize("written", ["  ANN@Example.com ", "ann@\0example.com"])
def test_one_account_has_one_allowance_however_it_is_written(ann: Person, time: FixedClock, written: str) -> None:
    assert [try_password(from_address(1), written) for _ in range(10)] == [401] * 10
    assert try_password(from_address(2), EMAIL) == 429


def test_a_known_browser_is_known_for_its_own_person_only(ann: Person, time: FixedClock) -> None:
    with transaction() as db:
        accounts.create_person(db, SYSTEM, PersonCreate(email="eve@x.de", name="Eve", password=SecretStr(PASSWORD)))
    eve = from_address(1, **{DEVICE: device_of("eve@x.de")})
    assert [try_password(eve) for _ in range(11)] == [401] * 10 + [429]
    mine = from_address(1, **{DEVICE: device_of("eve@x.de")})
    assert [try_password(mine, "eve@x.de") for _ in range(11)] == [401] * 10 + [429], "it has an end as well"


def test_the_cookie_of_a_known_browser_is_seen_by_the_sign_in_only(ann: Person, browser: TestClient) -> None:
    answer = browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    given = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(DEVICE))
    assert {"HttpOnly", "SameSite=strict", "Path=/auth", "Max-Age=15552000"} <= set(given.split("; "))
    again = browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert browser.cookies[DEVICE] in next(v for v in again.headers.get_list("set-cookie") if v.startswith(DEVICE))


def test_whoever_has_the_password_cannot_try_codes_out(ann: Person, time: FixedClock) -> None:
    with transaction() as db:
        actor = accounts.actor_of(db, ann.id)
        secret = accounts.start_two_factor(db, actor).secret
        accounts.confirm_two_factor(db, actor, pyotp.TOTP(secret).at(START))
    given = {"email": EMAIL, "password": PASSWORD, "code": "no code"}
    answers = [from_address(number).post("/auth/login", json=given) for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "360"
    time.at += timedelta(seconds=360)
    right = {**given, "code": pyotp.TOTP(secret).at(time.at)}
    assert from_address(7).post("/auth/login", json=right).status_code == 200


def test_whoever_has_the_password_and_tries_codes_does_not_shut_out_a_known_browser(
    ann: Person, time: FixedClock
) -> None:
    owner = from_address(9999, **{DEVICE: device_of()})
    with transaction() as db:
        actor = accounts.actor_of(db, ann.id)
        secret = accounts.start_two_factor(db, actor).secret
        codes = accounts.confirm_two_factor(db, actor, pyotp.TOTP(secret).at(START)).codes
    given = {"email": EMAIL, "password": PASSWORD}
    thief = [from_address(number).post("/auth/login", json={**given, "code": "no"}).status_code for number in range(6)]
    assert thief == [401] * 5 + [429]
    assert owner.post("/auth/login", json={**given, "code": codes[0]}).status_code == 200
    assert from_address(7).post("/auth/login", json={**given, "code": codes[1]}).status_code == 429
    wrong = [owner.post("/auth/login", json={**given, "code": "no"}).status_code for _ in range(6)]
    assert wrong == [401] * 5 + [429], "it has an end as well"


def test_a_lock_out_is_on_the_trail_once_an_hour(ann: Person, time: FixedClock) -> None:
    for minutes in (0, 30, 61):
        time.at = START + timedelta(minutes=minutes)
        while try_password(from_address(1)) == 401:
            pass
        for number in range(5):
            assert try_password(from_address(2 + number)) == 429
    with transaction() as db:
        rows = db.scalars(sa.select(AuditRow).where(AuditRow.details["reason"].as_string().like("too many%"))).all()
    assert [(row.subject, row.at) for row in rows] == [(str(ann.id), START), (str(ann.id), time.at)]
