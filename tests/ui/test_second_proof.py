"""The second proof at the door: after the password, before there is a session."""

import re
from http.cookies import SimpleCookie

import pyotp
import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import PENDING, SESSION
from app.accounts.schemas import Person, PolicyChange
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from tests.ui.conftest import EMAIL, PASSWORD


@pytest.fixture
def codes(ann: Person) -> list[str]:
    """Recovery codes of ann, who has an authenticator."""
    with transaction() as db:
        actor = accounts.actor_of(db, ann.id)
        secret = accounts.start_two_factor(db, actor).secret
        return accounts.confirm_two_factor(db, actor, pyotp.TOTP(secret).now()).codes


def csrf(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return found[1]


def give_password(browser: TestClient, wanted: str = "/board") -> str:
    form = {"email": EMAIL, "password": PASSWORD, "next": wanted, "csrf": csrf(browser.get("/auth/login").text)}
    answer = browser.post("/auth/login", data=form)
    assert answer.status_code == 303
    sent = SimpleCookie(answer.headers["set-cookie"])
    assert SESSION not in sent
    assert (sent[PENDING]["httponly"], sent[PENDING]["path"]) == (True, "/auth")
    return str(answer.headers["location"])


def test_after_the_password_comes_the_code_and_then_the_page(browser: TestClient, codes: list[str]) -> None:
    asked = give_password(browser)
    assert asked == "/auth/code?next=/board"
    assert browser.get("/board").status_code == 303  # not signed in yet
    token = csrf(browser.get(asked).text)
    wrong = browser.post("/auth/code", data={"code": "000000", "next": "/board", "csrf": token})
    assert (wrong.status_code, "not right" in wrong.text) == (401, True)
    right = browser.post("/auth/code", data={"code": codes[0], "next": "/board", "csrf": token})
    assert (right.status_code, right.headers["location"]) == (303, "/board")
    assert browser.get("/board").status_code == 200
    assert PENDING not in browser.cookies


@pytest.mark.parametrize("path", ["/auth/code", "/auth/enrol"])
def test_without_a_first_proof_there_is_nothing_to_prove(browser: TestClient, ann: Person, path: str) -> None:
    assert browser.get(path).status_code == (303 if path == "/auth/code" else 401)
    token = csrf(browser.get("/auth/login").text)
    browser.cookies.set(PENDING, "made up", domain="testserver.local", path="/auth")
    answer = browser.post(path, data={"code": "000000", "next": "/", "csrf": token})
    assert (answer.status_code, "Start again" in answer.text) == (401, True)


def test_a_code_from_another_site_is_not_looked_at(browser: TestClient, ann: Person, codes: list[str]) -> None:
    give_password(browser)
    assert browser.post("/auth/code", data={"code": codes[0], "csrf": "made up"}).status_code == 403
    with transaction() as db:
        assert accounts.two_factor(db, accounts.actor_of(db, ann.id)).recovery_codes_left == 10


def test_after_five_wrong_codes_one_must_wait(browser: TestClient, codes: list[str]) -> None:
    for _ in range(5):
        token = csrf(browser.get(give_password(browser)).text)
        assert browser.post("/auth/code", data={"code": "000000", "csrf": token}).status_code == 401
    token = csrf(browser.get(give_password(browser)).text)
    answer = browser.post("/auth/code", data={"code": codes[0], "csrf": token})
    assert (answer.status_code, "Wait" in answer.text) == (429, True)
    assert browser.get("/board").status_code == 303


def test_who_must_have_one_sets_it_up_before_there_is_a_session(browser: TestClient, ann: Person) -> None:
    with transaction() as db:
        accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.author))
    asked = give_password(browser)
    assert asked == "/auth/enrol?next=/board"
    page = browser.get(asked)
    assert "<svg" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text  # the policy of these pages allows none
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert secret
    code = pyotp.TOTP(secret[1].replace(" ", "")).now()
    form = {"next": "/board", "csrf": csrf(page.text)}
    assert browser.post("/auth/enrol", data={**form, "code": "000000"}).status_code == 401
    assert browser.get("/board").status_code == 303
    done = browser.post("/auth/enrol", data={**form, "code": code})
    assert (done.status_code, done.headers["cache-control"]) == (200, "no-store")
    assert len(re.findall(r"<li>[a-z2-7]{4}(-[a-z2-7]{4}){3}</li>", done.text)) == 10
    assert 'href="/board"' in done.text
    assert browser.get("/board").status_code == 200


def test_a_script_sends_the_code_with_the_password(browser: TestClient, codes: list[str]) -> None:
    def sign_in(**more: str) -> tuple[int, str]:
        answer = browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD, **more})
        return answer.status_code, answer.json().get("error", "")

    assert sign_in() == (401, "CodeNeeded")
    assert sign_in(code="000000") == (401, "NotSignedIn")
    assert browser.get("/api/v1/me").status_code == 401
    assert sign_in(code=codes[0]) == (200, "")
    assert browser.get("/api/v1/me").status_code == 200


def test_a_script_cannot_set_it_up(browser: TestClient, ann: Person) -> None:
    with transaction() as db:
        accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    answer = browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]) == (403, "EnrolmentNeeded")
    assert SESSION not in browser.cookies


def test_a_wrong_password_says_nothing_about_codes(browser: TestClient, codes: list[str]) -> None:
    answer = browser.post("/auth/login", json={"email": EMAIL, "password": "x", "code": codes[0]})
    unknown = browser.post("/auth/login", json={"email": "no@example.com", "password": "x", "code": codes[0]})
    assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
