"""Coming in and going out."""

import re
from http.cookies import SimpleCookie

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import Person
from app.core.actor import Role
from app.core.db import transaction
from tests.ui.conftest import EMAIL, PASSWORD, product


def csrf(browser: TestClient, path: str = "/auth/login") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]


def sign_in(browser: TestClient, **given: str) -> object:
    form = {"email": EMAIL, "password": PASSWORD, "next": "/board", "csrf": csrf(browser), **given}
    return browser.post("/auth/login", data=form)


def set_up(browser: TestClient, **given: str) -> Response:
    form = {"name": "Ann", "email": EMAIL, "password": PASSWORD, "csrf": csrf(browser, "/auth/setup"), **given}
    return browser.post("/auth/setup", data=form)


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
    answer = set_up(browser, code=accounts.setup_code())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").text == f"<p>{EMAIL}|{Role.admin}</p>"


@pytest.mark.parametrize("code", ["", "AAAA-BBBB-CCCC", "é"])
def test_from_elsewhere_nobody_sets_up_without_the_code_of_the_log(browser: TestClient, code: str) -> None:
    assert "Set-up code" in browser.get("/auth/setup").text
    answer = set_up(browser, code=code)
    assert (answer.status_code, "code is not right" in answer.text) == (403, True)
    assert browser.get("/").headers["location"] == "/auth/setup"


def test_the_code_may_be_typed_as_people_type(browser: TestClient) -> None:
    assert set_up(browser, code=f" {accounts.setup_code().lower().replace('-', ' ')} ").status_code == 303


def test_at_the_machine_itself_no_code_is_asked_for(database: str) -> None:
    app, here = product(), ("127.0.0.1", 50_000)
    with TestClient(app, base_url="http://127.0.0.1:8501", client=here, follow_redirects=False) as browser:
        assert "Set-up code" not in browser.get("/auth/setup").text
        assert set_up(browser).status_code == 303


@pytest.mark.parametrize(
    ("name", "address"), [("reports.example.com", "127.0.0.1"), ("localhost", "203.0.113.9"), ("127.0.0.1", "::2")]
)
def test_a_proxy_or_a_foreign_name_is_not_the_machine_itself(database: str, name: str, address: str) -> None:
    with TestClient(product(), base_url=f"http://{name}", client=(address, 50_000)) as browser:
        assert "Set-up code" in browser.get("/auth/setup").text


@pytest.mark.parametrize(
    ("change", "says"),
    [({"password": "short"}, "at least 8"), ({"email": "x"}, "not an e-mail"), ({"name": " "}, "at least 1 character")],
)
def test_a_set_up_with_a_mistake_says_what_and_keeps_the_rest(
    browser: TestClient, change: dict[str, str], says: str
) -> None:
    answer = set_up(browser, code=accounts.setup_code(), **change)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{change.get("email", EMAIL)}"' in answer.text
    assert change.get("password", PASSWORD) not in answer.text


def test_the_set_up_is_closed_once_somebody_exists(browser: TestClient, ann: Person) -> None:
    assert browser.get("/auth/setup").headers["location"] == "/auth/login"
    token = csrf(browser)
    form = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD, "csrf": token}
    assert browser.post("/auth/setup", data=form).headers["location"] == "/auth/login"
    assert browser.get("/board").status_code == 303


def test_more_than_a_form_is_not_read(browser: TestClient, ann: Person) -> None:
    assert browser.post("/auth/login", content=b"x" * 70_000).status_code == 413
    assert browser.get("/auth/nothing/here").status_code == 404
