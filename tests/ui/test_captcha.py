"""Where anybody may sign up, a provider can be asked whether it is a person: against one that speaks its protocol."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.testclient import TestClient

from app.accounts.schemas import Person
from app.admissions import captcha
from app.core.settings import SettingsError, load, settings
from app.ui.headers import FORM_POLICY
from tests.ui.conftest import PASSWORD
from tests.ui.test_signin import csrf
from tests.web_server import Answer, Asked, WebServer

SECRET, SITE_KEY = "0x-only-the-two-of-us", '10000000-ffff"><script>'
FIELDS = {"turnstile": "cf-turnstile-response", "hcaptcha": "h-captcha-response"}


class Provider:
    """Each answer that a widget hands out is good once, as the protocol says."""

    def __init__(self) -> None:
        self.web, self.solved = WebServer(), {"solved"}
        self.web.answers["/siteverify"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        codes = [] if form.get("secret") == SECRET else ["invalid-input-secret"]
        if not codes and form.get("response") not in self.solved:
            codes = ["timeout-or-duplicate"]
        self.solved.discard(form.get("response", ""))
        return Answer(200, json.dumps({"success": not codes, "error-codes": codes}).encode())


@pytest.fixture(params=FIELDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def provider(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    made = Provider()
    here = replace(captcha.PROVIDERS[name], verify=made.web.url("/siteverify"))
    monkeypatch.setitem(captcha.PROVIDERS, name, here)
    given = {"SIGNUP": "open", "CAPTCHA_PROVIDER": name, "CAPTCHA_SITE_KEY": SITE_KEY, "CAPTCHA_SECRET": SECRET}
    for setting, value in given.items():
        monkeypatch.setenv(setting, value)
    settings.cache_clear()
    yield made
    monkeypatch.undo()
    settings.cache_clear()
    made.web.close()


def sign_up(browser: TestClient, name: str, answer: str, **given: str) -> Any:
    form = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD, "csrf": csrf(browser), **given}
    return browser.post("/auth/signup", data={**form, FIELDS[name]: answer})


def test_who_answers_the_question_has_an_account(
    browser: TestClient, ann: Person, provider: Provider, name: str
) -> None:
    assert sign_up(browser, name, "solved").headers["location"] == "/"
    [asked] = provider.web.asked
    assert (asked.method, set(parse_qs(asked.body.decode()))) == (
        "POST",
        {"secret", "response"},
    )  # nothing of the person


@pytest.mark.parametrize("answer", ["", "made up", "x" * 20_000])
def test_who_does_not_has_none(browser: TestClient, ann: Person, provider: Provider, name: str, answer: str) -> None:
    refused = sign_up(browser, name, answer)
    assert (refused.status_code, "you are no program" in refused.text) == (422, True)
    assert 'value="eve@example.com"' in refused.text
    assert sign_up(browser, name, "solved").status_code == 303


def test_an_answer_is_good_once(browser: TestClient, ann: Person, provider: Provider, name: str) -> None:
    assert sign_up(browser, name, "solved", email=ann.email).status_code == 409
    assert sign_up(browser, name, "solved").status_code == 422


@pytest.mark.parametrize("trouble", [Answer(500, b"oops"), Answer(200, b"[]"), Answer(302, b"{}"), "wrong secret"])
def test_while_nobody_can_tell_nobody_signs_up(
    browser: TestClient, ann: Person, provider: Provider, name: str, trouble: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(trouble, Answer):
        provider.web.answers["/siteverify"] = trouble
    else:
        monkeypatch.setenv("CAPTCHA_SECRET", trouble)
        settings.cache_clear()
    answer = sign_up(browser, name, "solved")
    assert (answer.status_code, "Try again later" in answer.text) == (503, True)
    assert SECRET not in answer.text


def test_only_this_page_may_load_from_the_provider(
    browser: TestClient, ann: Person, provider: Provider, name: str
) -> None:
    shown, hosts = browser.get("/auth/signup"), captcha.PROVIDERS[name].hosts
    rules = {rule.split()[0]: rule for rule in shown.headers["content-security-policy"].split("; ")}
    assert [rules[rule] for rule in ("script-src", "frame-src")] == [f"script-src {hosts}", f"frame-src {hosts}"]
    assert "unsafe" not in str(rules)
    assert rules["frame-ancestors"] == "frame-ancestors 'none'"
    assert f'src="{captcha.PROVIDERS[name].script}"' in shown.text
    assert "<script>" not in shown.text  # the key is the operator's text, and still only text
    for other in ("/auth/login", "/auth/reset"):
        assert browser.get(other).headers["content-security-policy"] == FORM_POLICY


def test_without_the_setting_nobody_is_asked(browser: TestClient, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNUP", "open")
    settings.cache_clear()
    shown = browser.get("/auth/signup")
    assert (shown.headers["content-security-policy"], "<script" in shown.text) == (FORM_POLICY, False)
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize("left_out", ["CAPTCHA_PROVIDER", "CAPTCHA_SITE_KEY", "CAPTCHA_SECRET"])
def test_half_a_provider_stops_the_start(left_out: str) -> None:
    given = {"CAPTCHA_PROVIDER": "turnstile", "CAPTCHA_SITE_KEY": "k", "CAPTCHA_SECRET": "s"}
    del given[left_out]
    with pytest.raises(SettingsError, match="set together"):
        load(given)
