"""The forms behind links that came by mail, and the one where people make an account."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import INVITATION, RESET, SESSION
from app.accounts.schemas import Person, PolicyChange
from app.admissions import service as admissions
from app.admissions.schemas import InvitationCreate
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.core.settings import settings
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate
from app.jobs import service as jobs
from tests.ui.conftest import EMAIL, PASSWORD
from tests.ui.test_signin import csrf

NEW_PASSWORD = "four other unrelated words"


@pytest.fixture
def signup(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def choose(mode: str) -> None:
        monkeypatch.setenv("SIGNUP", mode)
        settings.cache_clear()

    yield choose
    monkeypatch.undo()
    settings.cache_clear()


def path_of(link: str | None) -> str:
    return (link or "").removeprefix(settings().base_url)


@pytest.fixture
def invitation(browser: TestClient, ann: Person) -> str:
    """Its path; there is no mail account, so the administrator gets it."""
    with transaction() as db:
        return path_of(admissions.invite(db, SYSTEM, InvitationCreate(email="ben@example.com", role=Role.member)).link)


@pytest.fixture
def reset(browser: TestClient, ann: Person) -> str:
    with transaction() as db:
        return path_of(admissions.make_reset_link(db, SYSTEM, ann.id).link)


def mail_account() -> None:
    with transaction() as db:
        new = SmtpAccountCreate(name="Relay", host="localhost", port=1, from_address="a@example.com")
        deliveries.create_smtp_account(db, SYSTEM, new)


def accept(browser: TestClient, **given: str) -> Any:
    form = {"name": "Ben", "password": PASSWORD, "csrf": csrf(browser, "/auth/invitation"), **given}
    return browser.post("/auth/invitation", data=form)


def test_a_link_moves_its_secret_out_of_the_address_at_once(browser: TestClient, invitation: str) -> None:
    answer = browser.get(invitation)
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/auth/invitation", "")
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/auth"} <= set(cookie.split("; "))
    page = browser.get("/auth/invitation")
    assert "ben@example.com" in page.text
    assert invitation.rpartition("/")[2] not in page.text


def test_who_accepts_an_invitation_is_in(browser: TestClient, invitation: str) -> None:
    for _ in range(3):  # opening it uses nothing up
        browser.get(invitation)
        assert browser.get("/auth/invitation").status_code == 200
    answer = accept(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/board").text == "<p>ben@example.com|member</p>"
    assert INVITATION not in browser.cookies
    browser.get(invitation)
    again = browser.get("/auth/invitation")
    assert (again.status_code, "was used already" in again.text) == (410, True)


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"password": "short"}, 422, "at least 8"),
        ({"name": " "}, 422, "Name: "),
        ({"csrf": "made up"}, 403, "Please try again"),
    ],
)
def test_a_mistake_keeps_the_invitation_and_what_was_typed(
    browser: TestClient, invitation: str, change: dict[str, str], status: int, says: str
) -> None:
    browser.get(invitation)
    answer = accept(browser, job_title="Analyst <b>", **change)
    assert (answer.status_code, says in answer.text) == (status, True)
    assert 'value="Analyst &lt;b&gt;"' in answer.text
    assert PASSWORD not in answer.text
    assert accept(browser).status_code == 303


@pytest.mark.parametrize(
    "path", ["/auth/invitation/nonsense", "/auth/invitation/" + "x" * 43, "/auth/reset/" + "x" * 43]
)
def test_a_link_that_is_none_leads_to_a_page_that_says_so(browser: TestClient, ann: Person, path: str) -> None:
    following = browser.get(path).headers["location"]
    answer = browser.get(following)
    assert (answer.status_code, "Ask for a new one" in answer.text) == (410, True)
    refused = browser.post(following, data={"csrf": csrf(browser), "name": "B", "password": PASSWORD})
    assert refused.status_code == 410


def test_a_new_password_signs_in_here_and_out_everywhere_else(browser: TestClient, reset: str, token: str) -> None:
    browser.get(reset)
    page = browser.get("/auth/new-password")
    assert EMAIL in page.text
    form = {"password": NEW_PASSWORD, "csrf": csrf(browser, "/auth/new-password")}
    assert browser.post("/auth/new-password", data=form).headers["location"] == "/"
    assert browser.cookies[SESSION] != token
    assert browser.get("/board").status_code == 200
    with transaction() as db:
        assert accounts.actor_of_session(db, token) is None
    assert RESET not in browser.cookies
    browser.get(reset)
    assert browser.get("/auth/new-password").status_code == 410


def test_a_second_factor_is_asked_for_after_a_new_password_too(browser: TestClient, reset: str, ann: Person) -> None:
    with transaction() as db:
        accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    browser.get(reset)
    form = {"password": NEW_PASSWORD, "csrf": csrf(browser, "/auth/new-password")}
    assert browser.post("/auth/new-password", data=form).headers["location"].startswith("/auth/enrol")
    assert browser.get("/board").status_code == 303


def runs() -> list[UUID]:
    with transaction() as db:
        return [run.id for run in jobs.list_runs(db, SYSTEM).items]


def ask(browser: TestClient, email: str) -> Any:
    return browser.post("/auth/reset", data={"email": email, "csrf": csrf(browser, "/auth/reset")})


def test_asking_for_a_link_says_the_same_to_everybody(browser: TestClient, ann: Person) -> None:
    mail_account()
    known, unknown = ask(browser, EMAIL), ask(browser, "nobody@example.com")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert known.text == unknown.text
    assert len(runs()) == 2  # and it does the same: what differs is up to the job


def test_asking_too_often_is_refused_for_known_and_unknown_alike(browser: TestClient, ann: Person) -> None:
    mail_account()
    for email in (EMAIL, "nobody@example.com"):
        answers = [ask(browser, email) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
    assert len(runs()) == 6


def test_without_a_mail_account_the_page_says_whom_to_ask(browser: TestClient, ann: Person) -> None:
    answer = browser.get("/auth/reset")
    assert "Ask one of its administrators" in answer.text
    assert "<form" not in answer.text


def sign_up(browser: TestClient, **given: str) -> Any:
    form = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD, "csrf": csrf(browser), **given}
    return browser.post("/auth/signup", data=form)


def test_where_it_is_open_anybody_makes_an_account(browser: TestClient, ann: Person, signup: Any) -> None:
    signup("open")
    assert 'href="/auth/signup"' in browser.get("/auth/login").text
    assert sign_up(browser).headers["location"] == "/"
    assert browser.get("/board").text == "<p>eve@example.com|viewer</p>"
    browser.cookies.clear()
    taken = sign_up(browser, email=EMAIL)
    assert (taken.status_code, "Somebody already has" in taken.text) == (409, True)
    assert 'value="Eve"' in taken.text


@pytest.mark.parametrize(("mode", "says"), [("invite", "by invitation"), ("closed", "made by the administrators")])
def test_where_it_is_not_the_page_says_how_to_get_in(
    browser: TestClient, ann: Person, signup: Any, mode: str, says: str
) -> None:
    signup(mode)
    assert "/auth/signup" not in browser.get("/auth/login").text
    assert says in browser.get("/auth/signup").text
    assert sign_up(browser).status_code == 403
    assert browser.get("/board").status_code == 303


def test_one_address_does_not_make_accounts_without_end(browser: TestClient, ann: Person, signup: Any) -> None:
    signup("open")
    codes = []
    for number in range(21):
        codes.append(sign_up(browser, email=f"eve{number}@example.com").status_code)
        browser.cookies.clear()
    assert codes == [303] * 20 + [429]


def test_while_nobody_exists_the_set_up_comes_first(browser: TestClient, signup: Any) -> None:
    signup("open")
    assert browser.get("/auth/signup").headers["location"] == "/auth/setup"
