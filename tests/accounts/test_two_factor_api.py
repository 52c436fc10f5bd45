"""The second proof and other dangerous changes over HTTP: the password is asked for again."""

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.tables import PersonRow, SessionRow
from app.audit import service as audit
from app.core.actor import Role
from app.core.db import transaction
from tests.accounts.conftest import PASSWORD, Visitor

AGAIN = {"current_password": PASSWORD.get_secret_value()}
Visit = Callable[..., Visitor]


def turn_on(client: TestClient) -> list[str]:
    started = client.post("/me/two-factor", json=AGAIN)
    assert started.headers["cache-control"] == "no-store"
    code = pyotp.TOTP(started.json()["secret"]).now()
    confirmed = client.post("/me/two-factor/confirm", json={"code": code})
    assert (confirmed.status_code, confirmed.headers["cache-control"]) == (200, "no-store")
    return confirmed.json()["codes"]


def test_it_is_turned_on_by_a_code_and_off_by_the_password(visit: Visit) -> None:
    client = visit(Role.author).client
    old = turn_on(client)
    assert client.get("/me/two-factor").json()["is_on"] is True
    new = client.post("/me/two-factor/recovery-codes", json=AGAIN).json()["codes"]
    assert not set(old) & set(new)
    assert client.request("DELETE", "/me/two-factor", json=AGAIN).status_code == 204
    assert client.get("/me/two-factor").json() == {
        "is_on": False, "since": None, "is_readable": True, "is_required": False, "recovery_codes_left": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/me/two-factor"),
        ("POST", "/me/two-factor/recovery-codes"),
        ("DELETE", "/me/two-factor"),
        ("DELETE", "/sessions"),
    ],
)
def test_without_the_password_nothing_dangerous_happens(visit: Visit, method: str, path: str) -> None:
    who = visit(Role.author)
    turn_on(who.client)
    before = who.client.get("/me/two-factor").json()
    for again in ({"current_password": "wrong"}, {}):
        answer = who.client.request(method, path, json=again)
        assert (answer.status_code, answer.json()["error"]) == (400, "WrongPassword")
    assert who.client.get("/me/two-factor").json() == before
    assert who.by_cookie().get("/me").status_code == 200
    with transaction() as db:
        assert [entry.action for entry in audit.entries_page(db, limit=2).items] == ["password:refused"] * 2


def test_guessing_the_password_of_an_open_session_ends_soon(visit: Visit) -> None:
    client = visit(Role.author).client
    tries = [client.request("DELETE", "/me/two-factor", json={"current_password": f"guess {n}"}) for n in range(11)]
    assert [answer.status_code for answer in tries] == [400] * 10 + [429]
    assert int(tries[-1].headers["retry-after"]) > 60


def test_a_wrong_code_turns_nothing_on(visit: Visit) -> None:
    client = visit(Role.author).client
    assert client.post("/me/two-factor/confirm", json={"code": "000000"}).status_code == 422
    client.post("/me/two-factor", json=AGAIN)
    answer = client.post("/me/two-factor/confirm", json={"code": "000000"})
    assert (answer.status_code, answer.json()["error"]) == (422, "WrongCode")
    assert client.get("/me/two-factor").json()["is_on"] is False


def test_all_other_browsers_are_signed_out(visit: Visit) -> None:
    who = visit(Role.author)
    with transaction() as db:
        other = accounts.sign_in(db, who.email, PASSWORD)
    assert other
    here = who.by_cookie(Origin="http://testserver")
    assert here.request("DELETE", "/sessions", json=AGAIN).status_code == 204
    assert here.get("/me").status_code == 200
    with transaction() as db:
        assert accounts.actor_of_session(db, other.token) is None


def test_an_administrator_signs_somebody_out_everywhere(visit: Visit) -> None:
    boss, ann = visit(Role.admin), visit(Role.author)
    person_id = ann.client.get("/me").json()["id"]
    assert boss.client.delete(f"/people/{person_id}/sessions").status_code == 204
    assert ann.by_cookie().get("/me").status_code == 401


def test_the_policy_is_the_administrators(visit: Visit) -> None:
    boss, ann = visit(Role.admin).client, visit(Role.author).client
    assert ann.patch("/policy", json={"two_factor_from": None}).status_code == 403
    assert boss.patch("/policy", json={"two_factor_from": "author"}).json() == {"two_factor_from": "author"}
    assert boss.get("/policy").json() == {"two_factor_from": "author"}
    assert boss.patch("/policy", json={"two_factor_from": "nobody"}).status_code == 422
    turn_on(ann)
    refused = ann.request("DELETE", "/me/two-factor", json=AGAIN)
    assert (refused.status_code, refused.json()["error"]) == (403, "TwoFactorRequired")


def test_who_has_no_password_confirms_by_a_fresh_sign_in(visit: Visit) -> None:
    who = visit(Role.author)
    with transaction() as db:
        db.query(PersonRow).filter_by(email=who.email).update({"password_hash": ""})
    here = who.by_cookie(Origin="http://testserver")
    assert here.post("/me/two-factor", json={}).status_code == 201
    assert who.client.post("/me/two-factor", json=AGAIN).json()["error"] == "SignInAgain"
    with transaction() as db:
        session = db.query(SessionRow).one()
        session.created_at = session.created_at.replace(year=2020)
    assert here.post("/me/two-factor", json={}).json()["error"] == "SignInAgain"


STAYING = [
    ("POST", "/keys", {"name": "mine"}),
    ("PATCH", "/people/{me}", {"role": "admin"}),
    ("POST", "/people/{me}/reset-link", None),
    ("DELETE", "/people/{me}/two-factor", None),
    ("PATCH", "/policy", {"two_factor_from": None}),
    ("PATCH", "/smtp-accounts/{me}", {"name": "mine"}),
    ("POST", "/smtp-accounts", {"name": "mine"}),
]


@pytest.mark.parametrize(("method", "path", "body"), STAYING)
def test_a_cookie_that_was_stolen_later_does_not_become_something_that_lasts(
    visit: Visit, method: str, path: str, body: object
) -> None:
    boss = visit(Role.admin)
    here, url = boss.by_cookie(Origin="http://testserver"), path.format(me=boss.client.get("/me").json()["id"])
    assert here.request(method, url, json=body).status_code in (200, 201, 204, 404, 422)
    with transaction() as db:
        db.execute(sa.update(SessionRow).values(created_at=SessionRow.created_at - timedelta(minutes=6)))
    answer = here.request(method, url, json=body)
    assert (answer.status_code, answer.json()["error"]) == (403, "SignInTooOld")
    assert boss.client.request(method, url, json=body).status_code in (200, 201, 204, 404, 422), "a key still may"


def test_the_first_code_of_a_new_authenticator_cannot_be_tried_out(visit: Visit) -> None:
    client = visit(Role.author).client
    secret = client.post("/me/two-factor", json=AGAIN).json()["secret"]
    tried = [client.post("/me/two-factor/confirm", json={"code": "no"}).status_code for _ in range(11)]
    assert tried == [422] * 10 + [429]
    right = client.post("/me/two-factor/confirm", json={"code": pyotp.TOTP(secret).now()})
    assert (right.status_code, "retry-after" in right.headers) == (429, True)
