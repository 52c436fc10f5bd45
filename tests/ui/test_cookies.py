"""Names of cookies: on https a name that nobody else can plant, on http one that browsers take."""

from http.cookies import SimpleCookie
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.accounts import service as accounts
from app.accounts.cookies import CSRF, SESSION
from app.accounts.schemas import Person
from app.core.db import transaction
from app.core.settings import Settings
from app.ui import page
from tests.ui.conftest import EMAIL, PASSWORD, product

HOST_SESSION = f"__Host-{SESSION}"


def attributes(answer: object) -> dict[str, object]:
    lines = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return {name: morsel for line in lines for name, morsel in SimpleCookie(line).items()}


def sign_in(browser: TestClient) -> dict[str, object]:
    return attributes(browser.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}))


def behind_a_proxy() -> TestClient:
    app = ProxyHeadersMiddleware(product(), trusted_hosts="127.0.0.1")
    return TestClient(app, client=("127.0.0.1", 4711), headers={"X-Forwarded-Proto": "https"}, follow_redirects=False)


def public_https(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    given = Settings(public_url="https://reports.example.com", bcrypt_cost=10)
    monkeypatch.setattr("app.accounts.cookies.settings", lambda: given)
    return TestClient(product(), follow_redirects=False)


@pytest.mark.parametrize("way", ["address", "proxy", "public url"])
def test_on_https_every_cookie_has_a_name_of_ours_alone(
    browser: TestClient, ann: Person, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = {"proxy": behind_a_proxy, "public url": lambda: public_https(monkeypatch)}.get(way, lambda: browser)()
    secure.base_url = "https://testserver" if way == "address" else "http://testserver"
    given = {**sign_in(secure), **attributes(secure.get("/auth/logout")), **attributes(secure.get("/auth/login"))}
    assert HOST_SESSION in given
    for name, morsel in given.items():
        path = "/" if name.startswith("__Host-") else "/auth"
        assert name.startswith(("__Host-", "__Secure-"))
        assert (morsel["secure"], morsel["httponly"], morsel["path"]) == (True, True, path)  # type: ignore[index]
        assert not morsel["domain"]  # type: ignore[index]


def test_on_http_the_names_are_plain(browser: TestClient, ann: Person) -> None:
    given = sign_in(browser)
    assert SESSION in given
    assert not [name for name in given if name.startswith("__")]


def test_on_https_a_plain_cookie_was_planted_and_does_not_count(browser: TestClient, ann: Person) -> None:
    browser.base_url = "https://testserver"
    with transaction() as db:
        mine, planted = (accounts.start_session(db, ann) for _ in range(2))
    for cookies, status in (
        ({SESSION: planted}, 401),
        ({HOST_SESSION: mine}, 200),
        ({SESSION: planted, HOST_SESSION: mine}, 200),
        ({SESSION: planted, HOST_SESSION: "ended"}, 401),
    ):
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept": "*/*"}
        assert browser.get("/api/v1/me", headers=header).status_code == status
        assert browser.get("/board", headers=header).status_code == status


def test_on_https_a_form_needs_the_strict_name_too(browser: TestClient, ann: Person) -> None:
    browser.base_url = "https://testserver"
    form = {"email": EMAIL, "password": PASSWORD, "csrf": "planted"}
    assert browser.post("/auth/login", data=form, headers={"Cookie": f"{CSRF}=planted"}).status_code == 403


def test_a_tab_over_https_is_known_by_the_strict_name_only(browser: TestClient, ann: Person) -> None:
    with transaction() as db:
        token = accounts.start_session(db, ann)
    headers = {"Origin": "https://testserver", "Sec-WebSocket-Protocol": "streamlit"}
    address = "wss://testserver/_stcore/stream"
    with browser.websocket_connect(address, headers={**headers, "Cookie": f"{HOST_SESSION}={token}"}) as tab:
        assert tab.receive_text() == "author"
    with browser.websocket_connect(address, headers={**headers, "Cookie": f"{SESSION}={token}"}) as tab:
        assert b"/auth/login?ended=1" in tab.receive_bytes()


@pytest.mark.parametrize(
    ("shown_at", "public_url", "expected"),
    [
        ("http://localhost:8501/board", "", "plain"),
        ("https://reports.example.com/board", "", "strict"),
        ("http://10.0.0.4:8501/board", "https://reports.example.com", "strict"),
        (None, "", "plain"),
    ],
)
def test_a_page_reads_the_name_that_its_address_calls_for(
    monkeypatch: pytest.MonkeyPatch, shown_at: str | None, public_url: str, expected: str
) -> None:
    cookies = {SESSION: "plain", HOST_SESSION: "strict"}
    monkeypatch.setattr("app.ui.page.st.context", SimpleNamespace(url=shown_at, cookies=cookies))
    monkeypatch.setattr("app.ui.page.settings", lambda: Settings(public_url=public_url))
    assert page.session_token() == expected
