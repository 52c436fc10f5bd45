"""Limits: exact over threads, the same as the textbook's algorithm, and over when the time is."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts.tables import RateLimitRow
from app.core import clock
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.errors import TooMany

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
BURST, PER_HOUR = 5, 60


def passes(db: Session, key: str, cost: int = 1) -> bool:
    try:
        limits.spend(db, key, burst=BURST, per_hour=PER_HOUR, cost=cost)
    except TooMany:
        return False
    return True


def test_after_the_burst_one_comes_back_at_a_time(db: Session) -> None:
    time = FixedClock(START)
    with clock.use(time):
        assert [passes(db, "a:1") for _ in range(6)] == [True] * 5 + [False]
        time.at = START + timedelta(seconds=60)
        assert [passes(db, "a:1") for _ in range(2)] == [True, False]
        time.at = START + timedelta(hours=5)
        assert [passes(db, "a:1") for _ in range(6)] == [True] * 5 + [False]
        assert passes(db, "a:2"), "another key has its own"


def test_the_error_tells_exactly_when_the_next_one_passes(db: Session) -> None:
    time = FixedClock(START)
    with clock.use(time):
        while passes(db, "a:1"):
            time.at += timedelta(milliseconds=700)
        with pytest.raises(TooMany, match="second") as error:
            limits.spend(db, "a:1", burst=BURST, per_hour=PER_HOUR)
        refused = time.at
        time.at = refused + timedelta(seconds=error.value.retry_after - 1)
        assert not passes(db, "a:1")
        time.at = refused + timedelta(seconds=error.value.retry_after)
        assert passes(db, "a:1")


class Bucket:
    """The textbook's token bucket in whole microseconds: the same promise, put the other way round."""

    def __init__(self) -> None:
        self.tokens, self.at = BURST * 60_000_000, 0

    def fill(self, at: int) -> None:
        self.tokens, self.at = min(self.tokens + at - self.at, BURST * 60_000_000), at

    def take(self, at: int, cost: int) -> bool:
        self.fill(at)
        if self.tokens < cost * 60_000_000:
            return False
        self.tokens -= cost * 60_000_000
        return True


MOVES = st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(1, BURST)), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=MOVES)
def test_it_is_a_token_bucket(db: Session, moves: list[tuple[int, int]]) -> None:
    model, now = Bucket(), 0
    limits.forgive(db, "model:1")
    for pause, cost in moves:
        now += pause
        with clock.use(FixedClock(START + timedelta(microseconds=now))):
            assert passes(db, "model:1", cost) == model.take(now, cost)


def test_of_fifty_threads_exactly_the_burst_passes(database: str) -> None:
    passed, ready = list[bool](), threading.Barrier(50)

    def go() -> None:
        ready.wait()
        with clock.use(FixedClock(START)), transaction() as db:
            passed.append(passes(db, "a:1"))

    threads = [threading.Thread(target=go) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (50, BURST)


def test_what_was_no_failure_is_given_back(db: Session) -> None:
    with clock.use(FixedClock(START)):
        for _ in range(3 * BURST):
            assert passes(db, "a:1")
            limits.refund(db, "a:1", per_hour=PER_HOUR)
        assert [passes(db, "a:1") for _ in range(BURST + 1)] == [True] * BURST + [False]
        limits.refund(db, "never spent on", per_hour=PER_HOUR)
        limits.forgive(db, "a:1")
        assert passes(db, "a:1", BURST)


def test_rows_go_when_everything_is_earned_again(db: Session) -> None:
    time = FixedClock(START)
    with clock.use(time):
        passes(db, "a:1")
        passes(db, "a:2", 3)
        time.at = START + timedelta(seconds=60)
        assert limits.delete_earned(db) == 1
        time.at = START + timedelta(seconds=180)
        assert limits.delete_earned(db) == 1
        assert db.scalar(sa.select(sa.func.count()).select_from(RateLimitRow)) == 0


def test_whom_a_limit_is_for_cannot_be_read_from_the_table(db: Session) -> None:
    passes(db, "sign-in:ann@example.com\0" + "x" * 100_000)
    assert "ann" not in db.scalars(sa.select(RateLimitRow.key)).one()


def test_nothing_can_cost_more_than_all(db: Session) -> None:
    with pytest.raises(ValueError, match="never"):
        passes(db, "a:1", BURST + 1)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_an_address_stands_for_its_subscriber(ip: str | None, expected: str) -> None:
    assert limits.network(ip) == expected
