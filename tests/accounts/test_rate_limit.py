"""The API: so many requests a minute for each person and each key, and unknown keys by where they come from."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from httpx import Response
from starlette.testclient import TestClient

from app.accounts.schemas import Scope
from app.api import api
from app.core import clock
from app.core.actor import Role
from app.core.clock import FixedClock
from app.core.settings import Settings
from tests.accounts.conftest import Visitor

Visit = Callable[..., Visitor]
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LIMIT = 5


@pytest.fixture
def time() -> Iterator[FixedClock]:
    fixed = FixedClock(START)
    with clock.use(fixed):
        yield fixed


def limited(monkeypatch: pytest.MonkeyPatch, to: int) -> None:
    given = Settings(rate_limit_per_minute=to)
    monkeypatch.setattr("app.accounts.limits.settings", lambda: given)


def statuses(client: TestClient, count: int, path: str = "/me") -> list[int]:
    return [client.get(path).status_code for _ in range(count)]


def test_one_more_than_the_limit_has_to_wait(visit: Visit, time: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, LIMIT)
    for client in (visit(Role.member).client, visit(Role.author).by_cookie()):
        assert statuses(client, LIMIT) == [200] * LIMIT
        refused: Response = client.get("/boards")
        assert (refused.status_code, refused.json()["error"]) == (429, "TooMany")
        assert refused.json()["request_id"]
        assert refused.headers["retry-after"] == "12"
        time.at += timedelta(seconds=12)
        assert statuses(client, 2) == [200, 429]
        time.at += timedelta(minutes=1)


def test_each_key_and_each_person_has_its_own(visit: Visit, time: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = visit(Role.member)
    other = ann.client.post("/keys", json={"name": "other"}).json()["key"]
    time.at += timedelta(minutes=1)
    limited(monkeypatch, LIMIT)
    for client in (
        ann.client,
        TestClient(api, headers={"Authorization": f"Bearer {other}"}),
        ann.by_cookie(),
        visit(Role.author).client,
    ):
        assert statuses(client, LIMIT + 1) == [200] * LIMIT + [429]


def test_a_refused_request_counts_too(visit: Visit, time: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = visit(Role.member)
    limited(monkeypatch, LIMIT)
    made = ann.client.post("/keys", json={"name": "reader", "scopes": [Scope.read]}).json()["key"]
    reader = TestClient(api, headers={"Authorization": f"Bearer {made}"})
    answers = [reader.post("/boards", json={"name": "x"}).status_code for _ in range(LIMIT + 1)]
    assert answers == [403] * LIMIT + [429]


def test_no_limit_is_a_choice(visit: Visit, time: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 0)
    assert set(statuses(visit(Role.member).client, 50)) == {200}


def test_whoever_tries_keys_out_is_slowed_down_and_nobody_else(visit: Visit, time: FixedClock) -> None:
    ann = visit(Role.member)
    guessing = [
        TestClient(api, headers={"Authorization": f"Bearer ar_{number}"}).get("/me").status_code
        for number in range(102)
    ]
    assert guessing == [401] * 100 + [429] * 2
    assert ann.client.get("/me").status_code == 200, "a good key from the same address still works"
    elsewhere = TestClient(api, client=("192.0.2.9", 4711), headers={"Authorization": "Bearer ar_x"})
    assert elsewhere.get("/me").status_code == 401


def test_tries_of_the_current_password_are_counted_although_they_fail(visit: Visit, time: FixedClock) -> None:
    ann = visit(Role.member)
    wrong = {"current_password": "wrong", "new_password": "four quite other words"}
    answers = [ann.client.post("/me/password", json=wrong).status_code for _ in range(5)]
    moved = {"email": "new@example.com", "current_password": "wrong"}
    answers += [ann.client.patch("/me", json=moved).status_code for _ in range(6)]
    assert answers == [400] * 10 + [429]
    time.at += timedelta(hours=1)
    right = {**wrong, "current_password": "three unrelated words"}
    assert ann.client.post("/me/password", json=right).status_code == 204
