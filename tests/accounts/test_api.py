"""The HTTP door: who is asking, what an error looks like, and one effect per key."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.api import api
from app.core import clock
from app.core.actor import Role
from app.core.clock import FixedClock
from app.core.db import transaction
from tests.accounts.conftest import PASSWORD, Visitor

Visit = Callable[..., Visitor]
NEW = {"email": "new@example.com", "name": "New", "password": "four quite other words"}


def test_a_key_and_a_cookie_are_the_same_person(visit: Visit) -> None:
    ann = visit(Role.member)
    assert ann.client.get("/me").json()["email"] == ann.email
    assert ann.by_cookie().get("/me").json()["email"] == ann.email


@pytest.mark.parametrize("header", ["Bearer ar_unknown", "Bearer", "Basic YTpi", "Bearer ü", ""])
def test_a_wrong_authorization_is_refused(anonymous: TestClient, header: str) -> None:
    answer = anonymous.get("/me", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["error"] == "KeyRefused"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_a_change_by_cookie_must_come_from_our_own_pages(visit: Visit, headers: dict[str, str], status: int) -> None:
    answer = visit(Role.member).by_cookie(**headers).patch("/me", json={"name": "Other"})
    assert answer.status_code == status


def test_a_revoked_session_is_refused_at_the_next_request(visit: Visit) -> None:
    ann = visit(Role.member)
    browser = ann.by_cookie(Origin="http://testserver")
    mine = browser.get("/sessions").json()["items"]
    assert [session["is_current"] for session in mine] == [True]
    assert ann.client.delete(f"/sessions/{mine[0]['id']}").status_code == 204
    assert browser.get("/me").status_code == 401


def test_a_changed_password_keeps_this_session_only(visit: Visit) -> None:
    ann = visit(Role.member)
    browser = ann.by_cookie(Origin="http://testserver")
    with transaction() as db:
        other = accounts.sign_in(db, ann.email, PASSWORD)
    assert other
    change = {"current_password": PASSWORD.get_secret_value(), "new_password": "four quite other words"}
    assert browser.post("/me/password", json={**change, "current_password": "no"}).status_code == 400
    assert browser.post("/me/password", json=change).status_code == 204
    assert browser.get("/me").status_code == 200
    assert TestClient(api, cookies={COOKIE: other.token}).get("/me").status_code == 401


def test_every_error_has_the_envelope_and_an_id(visit: Visit) -> None:
    boss = visit(Role.admin)
    answers = [
        boss.client.get("/nowhere"),
        boss.client.put("/me"),
        boss.client.post("/people", json={"email": "x"}),
        boss.client.post("/people", content=b"{", headers={"Content-Type": "application/json"}),
        boss.client.patch("/people/00000000-0000-0000-0000-000000000000", json={}),
        boss.client.post("/people", json={**NEW, "name": "a\0b"}),
        boss.client.post("/people", content=rb'{"\ud800": 1}', headers={"Content-Type": "application/json"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 422, 422, 404, 422, 422]
    for answer in answers:
        body = answer.json()
        assert set(body) == {"error", "message", "request_id", "details"}
        assert body["request_id"] == answer.headers["x-request-id"]
        assert body["message"].endswith(".")


def test_a_field_that_is_not_valid_is_named_and_a_password_is_not_repeated(visit: Visit) -> None:
    answer = visit(Role.admin).client.post("/people", json={**NEW, "email": "x", "password": ["hunter2"]})
    assert {item["field"] for item in answer.json()["details"]} == {"email", "password"}
    assert "hunter2" not in answer.text


def test_a_defect_shows_an_id_and_nothing_else(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the innermost secret")

    ann = visit(Role.member)
    monkeypatch.setattr("app.accounts.service.me", fail)
    answer = ann.client.get("/me")
    assert (answer.status_code, answer.json()["error"]) == (500, "InternalError")
    assert answer.json()["request_id"] in answer.json()["message"]
    assert "secret" not in answer.text


def test_a_post_under_one_key_takes_effect_once(visit: Visit) -> None:
    boss, key = visit(Role.admin).client, {"Idempotency-Key": "k1"}
    first = boss.post("/people", json=NEW, headers=key)
    again = boss.post("/people", json=NEW, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers


def test_a_key_cannot_be_used_for_another_request(visit: Visit) -> None:
    boss, key = visit(Role.admin).client, {"Idempotency-Key": "k1"}
    boss.post("/people", json=NEW, headers=key)
    other = boss.post("/people", json={**NEW, "email": "other@example.com"}, headers=key)
    assert (other.status_code, other.json()["error"]) == (422, "KeyUsedOtherwise")


def test_a_refused_request_may_be_sent_again_under_its_key(visit: Visit) -> None:
    boss, key = visit(Role.admin).client, {"Idempotency-Key": "k1"}
    assert boss.post("/people", json={**NEW, "password": "short"}, headers=key).status_code == 422
    assert boss.post("/people", json={**NEW, "password": "long enough now"}, headers=key).status_code == 201


def test_of_many_at_once_under_one_key_one_takes_effect(visit: Visit) -> None:
    boss, statuses = visit(Role.admin).client, list[int]()

    def post() -> None:
        statuses.append(boss.post("/people", json=NEW, headers={"Idempotency-Key": "k1"}).status_code)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert boss.post("/people", json=NEW, headers={"Idempotency-Key": "k1"}).json()["email"] == NEW["email"]


def test_keys_of_two_people_do_not_meet(visit: Visit) -> None:
    key = {"Idempotency-Key": "same"}
    answers = [
        visit(role).client.post("/keys", json={"name": "mine"}, headers=key) for role in (Role.member, Role.author)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["key"] for answer in answers}) == 2


def test_a_key_makes_none_that_outlives_it(visit: Visit, anonymous: TestClient) -> None:
    """Else a key that leaks for a day is one for ever."""
    ends = (clock.now() + timedelta(days=1)).isoformat()
    made = visit(Role.member).client.post("/keys", json={"name": "a day", "scopes": ["write"], "expires_at": ends})
    short = {"Authorization": f"Bearer {made.json()['key']}"}
    for longer in (None, (clock.now() + timedelta(days=2)).isoformat()):
        answer = anonymous.post("/keys", json={"name": "longer", "expires_at": longer}, headers=short)
        assert (answer.status_code, answer.json()["error"]) == (422, "OutlivesItsMaker")
    assert anonymous.post("/keys", json={"name": "as long", "expires_at": ends}, headers=short).status_code == 201


def test_an_answer_with_a_secret_is_not_kept(visit: Visit) -> None:
    ann, key = visit(Role.member).client, {"Idempotency-Key": "k1"}
    assert ann.post("/keys", json={"name": "mine"}, headers=key).status_code == 201
    again = ann.post("/keys", json={"name": "mine"}, headers=key)
    assert (again.status_code, again.json()["error"]) == (409, "AnswerUnknown")
    assert [item["name"] for item in ann.get("/keys").json()["items"]] == ["mine", "test"]


def test_a_body_that_is_no_file_must_be_small(anonymous: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(9):
            yield b" " * (1 << 20)

    announced = anonymous.post("/people", content=b" " * (9 << 20))
    assert (announced.status_code, announced.json()["error"]) == (413, "TooLarge")
    assert anonymous.post("/people", content=parts()).status_code in (400, 413)


def test_answers_are_kept_for_two_days(visit: Visit) -> None:
    visit(Role.admin).client.post("/people", json=NEW, headers={"Idempotency-Key": "k1"})
    later = clock.now() + timedelta(days=2, minutes=1)
    for time, gone in ((clock.now(), 0), (later, 1), (later, 0)):
        with clock.use(FixedClock(time)), transaction() as db:
            assert accounts.delete_old_answers(db) == gone


def test_the_trail_is_read_in_pages_by_administrators(visit: Visit) -> None:
    boss = visit(Role.admin).client
    first = boss.get("/audit", params={"limit": 1}).json()
    second = boss.get("/audit", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]
    assert boss.get("/audit", params={"cursor": "nonsense"}).status_code == 422


def test_a_key_of_an_installation_works_without_any_password(visit: Visit) -> None:
    ann = visit(Role.member)
    made = ann.client.post("/keys", json={"name": "report script", "scopes": ["read"]}).json()
    reader = TestClient(api, headers={"Authorization": f"Bearer {made['key']}"})
    assert reader.get("/me").status_code == 200
    refused = reader.post("/keys", json={"name": "another"})
    assert (refused.status_code, refused.json()["error"]) == (403, "ScopeTooNarrow")
    assert SecretStr(made["key"]).get_secret_value() not in ann.client.get("/keys").text


def test_the_documentation_needs_nothing_from_other_hosts(anonymous: TestClient) -> None:
    page = anonymous.get("/docs").text
    assert "https://" not in page
    assert anonymous.get("/openapi.json").json()["info"]["title"] == "AutoReport"
