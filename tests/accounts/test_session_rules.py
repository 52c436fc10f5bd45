"""The rules of sessions as a browser meets them at the door."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION
from app.api import api
from app.core import clock
from app.core.actor import Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.settings import settings
from tests.accounts.conftest import PASSWORD, Visitor

Visit = Callable[..., Visitor]
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
IDLE, AGE = (timedelta(seconds=seconds) for seconds in (settings().session_timeout, settings().session_max_age))
BYTES = st.characters(min_codepoint=0x21, max_codepoint=0x7E, blacklist_characters='";,\\')


def answer(token: str) -> int:
    return TestClient(api, headers={"Cookie": f"{SESSION}={token}"}).get("/me").status_code


def begun(who: Visitor) -> str:
    with transaction() as db:
        signed_in = accounts.sign_in(db, who.email, PASSWORD)
    assert signed_in
    return signed_in.token


@pytest.fixture
def member(visit: Visit) -> Visitor:
    return visit(Role.member)


@examples(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(position=st.integers(0, 42), byte=BYTES, cut=st.booleans())
def test_a_token_with_any_other_byte_is_nobody(member: Visitor, position: int, byte: str, cut: bool) -> None:
    token = member.token
    forged = token[:position] + byte + token[position + 1 :]
    assert answer(forged) == (200 if forged == token else 401)
    assert answer(token[:position] if cut else token + byte) == 401


@pytest.mark.parametrize(
    ("before_the_end", "status"), [(2 * SECOND, 200), (SECOND, 200), (0 * SECOND, 401), (-SECOND, 401)]
)
def test_an_idle_session_ends_to_the_second(visit: Visit, before_the_end: timedelta, status: int) -> None:
    ann = visit(Role.member)
    with clock.use(FixedClock(START)):
        token = begun(ann)
    with clock.use(FixedClock(START + IDLE - before_the_end)):
        assert answer(token) == status


@pytest.mark.parametrize(("before_the_end", "status"), [(SECOND, 200), (0 * SECOND, 401), (-SECOND, 401)])
def test_a_session_in_use_ends_to_the_second(visit: Visit, before_the_end: timedelta, status: int) -> None:
    ann, time = visit(Role.member), FixedClock(START)
    with clock.use(time):
        token = begun(ann)
        while time.at + IDLE / 2 < START + AGE:
            time.at += IDLE / 2
            assert answer(token) == 200
        time.at = START + AGE - before_the_end
        assert answer(token) == status


def test_extending_does_not_move_the_absolute_end(visit: Visit) -> None:
    ann, time = visit(Role.member), FixedClock(START)
    with clock.use(time):
        browser = TestClient(api, cookies={SESSION: begun(ann)}, headers={"Origin": "http://testserver"})
        while time.at + IDLE / 2 < START + AGE:
            time.at += IDLE / 2
            ends = browser.post("/sessions/extend").json()["ends_at"]
            assert datetime.fromisoformat(ends) == min(time.at + IDLE, START + AGE)
        time.at = START + AGE
        assert browser.post("/sessions/extend").status_code == 401


def test_after_signing_out_the_same_cookie_is_nobody_and_others_stay(visit: Visit) -> None:
    ann = visit(Role.member)
    here, elsewhere = begun(ann), begun(ann)
    assert here != elsewhere
    with transaction() as db:
        accounts.sign_out(db, here)
    assert (answer(here), answer(elsewhere)) == (401, 200)
