"""Coming in and going out."""

import re
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import Person
from app.core.actor import Role
from app.core.db import transaction
from tests.ui.conftest import EMAIL, PASSWORD


def csrf(browser: TestClient, path: str = "/auth/login") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]


def sign_in(browser: TestClient, **given: str) -> object:
    form = {"email": EMAIL, "password": PASSWORD, "next": "/board", "csrf": csrf(browser), **given}
    return browser.post("/auth/login", data=form)


def test_the_right_password_leads_to_the_page_that_was_wanted(browser: TestClient, ann: Person) -> None:
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    assert browser.get("/board").text == "<p>ann@example.com|author</p>"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_on_https_the_cookies_stay_on_https(browser: TestClient, ann: Person) -> None:
    browser.base_url = "https://testserver"
    for cookie in sign_in(browser).headers.get_list("set-cookie"):
        assert "Secure" in cookie


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com", "", "not an address", "a\0b"])
def test_whatever_is_wrong_the_answer_is_the_same(browser: TestClient, ann: Person, email: str) -> None:
    answer = sign_in(browser, email=email, password="wrong")
    assert answer.status_code == 401
    assert "This e-mail and password do not fit together." in answer.text
    assert COOKIE not in SimpleCookie(answer.headers["set-cookie"])


@pytest.mark.parametrize("change", [{"csrf": ""}, {"csrf": "made up"}, {"csrf": "ü"}])
def test_a_form_without_its_token_is_refused(browser: TestClient, ann: Person, change: dict[str, str]) -> None:
    answer = sign_in(browser, **change)
    assert answer.status_code == 403
    assert browser.get("/board").status_code == 303


def test_a_form_sent_from_another_site_is_refused(browser: TestClient, ann: Person) -> None:
    browser.headers["Origin"] = "https://evil.example"
    assert sign_in(browser).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/%5cevil.example", "/%2fevil.example", "evil",
     "/auth/logout", "/a\nb", "javascript:alert(1)", ""],
)  # fmt: skip
def test_nobody_is_led_away_after_signing_in(browser: TestClient, ann: Person, wanted: str) -> None:
    assert sign_in(browser, next=wanted).headers["location"] == "/"


def test_each_sign_in_has_a_new_token_and_ends_the_old_one(browser: TestClient, ann: Person) -> None:
    browser.cookies.set(COOKIE, "chosen-by-somebody-else", domain="testserver.local")
    sign_in(browser)
    first = browser.cookies[COOKIE]
    assert first != "chosen-by-somebody-else"
    form = {"email": EMAIL, "password": PASSWORD}
    browser.post("/auth/login", json=form)
    assert browser.cookies[COOKIE] != first
    with transaction() as db:
        assert accounts.actor_of_session(db, first) is None


def test_a_script_signs_in_by_json(browser: TestClient, ann: Person) -> None:
    answer = browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert answer.json()["person"]["email"] == EMAIL
    assert browser.get("/api/v1/me").status_code == 200
    refused = browser.post("/auth/login", json={"email": EMAIL, "password": "wrong"})
    assert (refused.status_code, refused.json()["error"]) == (401, "NotSignedIn")
    assert refused.json()["request_id"]


@pytest.mark.parametrize("body", [b"[", b"\xff", b"[" * 50_000, b'{"email": "\\ud800@b.co", "password": "\\ud800"}'])
def test_whatever_a_script_sends_it_is_only_not_signed_in(browser: TestClient, ann: Person, body: bytes) -> None:
    answer = browser.post("/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


def test_after_signing_out_the_cookie_is_worth_nothing(browser: TestClient, token: str) -> None:
    assert browser.get("/auth/logout").status_code == 200  # asks first: a link cannot sign anybody out
    assert browser.get("/board").status_code == 200
    answer = browser.post("/auth/logout", data={"csrf": csrf(browser, "/auth/logout")})
    assert answer.headers["location"] == "/auth/login"
    assert COOKIE not in browser.cookies
    browser.cookies.set(COOKIE, token, domain="testserver.local")
    assert browser.get("/board").status_code == 303


def test_what_people_type_is_text(browser: TestClient, ann: Person) -> None:
    answer = sign_in(browser, email='"><script>alert(1)</script>', password="wrong")
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_first_person_becomes_administrator(browser: TestClient) -> None:
    form = {"name": "Ann", "email": EMAIL, "password": PASSWORD, "csrf": csrf(browser, "/auth/setup")}
    answer = browser.post("/auth/setup", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").text == f"<p>{EMAIL}|{Role.admin}</p>"


@pytest.mark.parametrize(
    ("change", "says"),
    [({"password": "short"}, "at least 8"), ({"email": "x"}, "not an e-mail"), ({"name": " "}, "at least 1 character")],
)
def test_a_set_up_with_a_mistake_says_what_and_keeps_the_rest(
    browser: TestClient, change: dict[str, str], says: str
) -> None:
    form = {"name": "Ann", "email": EMAIL, "password": PASSWORD, "csrf": csrf(browser, "/auth/setup"), **change}
    answer = browser.post("/auth/setup", data=form)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{form["email"]}"' in answer.text
    assert form["password"] not in answer.text


def test_the_set_up_is_closed_once_somebody_exists(browser: TestClient, ann: Person) -> None:
    assert browser.get("/auth/setup").headers["location"] == "/auth/login"
    token = csrf(browser)
    form = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD, "csrf": token}
    assert browser.post("/auth/setup", data=form).headers["location"] == "/auth/login"
    assert browser.get("/board").status_code == 303


def test_more_than_a_form_is_not_read(browser: TestClient, ann: Person) -> None:
    assert browser.post("/auth/login", content=b"x" * 70_000).status_code == 413
    assert browser.get("/auth/nothing/here").status_code == 404
