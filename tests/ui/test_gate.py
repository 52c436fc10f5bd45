"""Nobody without a session reaches Streamlit: by page, by file or by websocket."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PasswordChange, Person, PersonChange
from app.accounts.tables import SessionRow
from app.core import clock
from app.core import db as database_module
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.monitoring.count_requests import TraceRequests
from app.ui import tabs
from app.ui.faults import AnswerFaults
from app.ui.gate import Gate
from tests.ui.conftest import PASSWORD

STREAM = "/_stcore/stream"
OURS = {"origin": "http://testserver"}


def message(*, automatic: bool = False, at: str = "", query: str = "") -> bytes:
    back = BackMsg()
    back.rerun_script.is_auto_rerun = automatic
    back.rerun_script.page_name = "home"
    back.rerun_script.context_info.url = at
    back.rerun_script.query_string = query
    return back.SerializeToString()


def redirect_of(frame: bytes) -> str:
    forward = ForwardMsg()
    forward.ParseFromString(frame)
    return str(forward.auth_redirect.url)


@pytest.mark.parametrize("path", ["/board", "/admin", "/datasets?id=7&x=a%20b", "/metricsx", "/healthy"])
def test_a_page_leads_to_the_sign_in_and_back(browser: TestClient, ann: Person, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 303
    login = browser.get(answer.headers["location"])
    assert f'name="next" value="{path.replace("&", "&amp;")}"' in login.text


@pytest.mark.parametrize("path", ["/", "/board", "/auth/login"])
def test_while_nobody_exists_every_page_leads_to_the_set_up(browser: TestClient, path: str) -> None:
    assert browser.get(path).headers["location"] == "/auth/setup"


@pytest.mark.parametrize(
    "path", ["/media/abc.png", "/_stcore/upload_file/1", "/component/x", "/_stcore/agent/interact"]
)
def test_a_file_without_session_is_refused(browser: TestClient, ann: Person, path: str) -> None:
    assert browser.get(path, headers={"Accept": "*/*"}).status_code == 401
    assert browser.put(path).status_code == 401


def test_the_api_answers_in_its_own_words(browser: TestClient, ann: Person) -> None:
    refused, unknown = browser.get("/api/v1/me"), browser.get("/api/v2/me")
    assert (refused.status_code, refused.json()["error"]) == (401, "NotSignedIn")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "NotFound")


def test_only_the_gate_says_who_somebody_is(browser: TestClient, token: str) -> None:
    spoofed = {"X-App-User-Role": "admin", "X-App-User-Email": "boss@example.com"}
    assert browser.get("/board", headers=spoofed).text == "<p>ann@example.com|author</p>"
    browser.cookies.clear()
    assert browser.get("/board", headers=spoofed).status_code == 303


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}])
def test_a_websocket_without_session_is_refused(browser: TestClient, ann: Person, headers: dict[str, str]) -> None:
    with (
        pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)),
        browser.websocket_connect(STREAM, subprotocols=["streamlit"], headers=headers),
    ):
        pytest.fail("it was accepted")


def test_a_tab_of_ours_whose_session_is_over_is_told_where_to_go(browser: TestClient, ann: Person) -> None:
    with browser.websocket_connect(STREAM, subprotocols=["streamlit"], headers=OURS) as socket:
        assert redirect_of(socket.receive_bytes()) == "/auth/login?ended=1"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


def test_a_websocket_with_session_knows_who_it_is(browser: TestClient, token: str) -> None:
    with browser.websocket_connect(STREAM, headers={**OURS, "x-app-user-role": "admin"}) as socket:
        assert socket.receive_text() == "author"
        socket.send_bytes(b"hello")
        assert socket.receive_bytes() == b"seen hello"


def test_after_sign_out_an_open_tab_gets_nothing_more(
    browser: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "CHECK_EVERY", 3600)  # only the next message can tell
    with browser.websocket_connect(STREAM, headers=OURS) as socket:
        socket.receive_text()
        with transaction() as db:
            accounts.sign_out(db, token)
        socket.send_bytes(message())
        assert redirect_of(socket.receive_bytes()).startswith("/auth/login")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


def signs_out(db: Session, ann: Person, token: str) -> None:
    accounts.sign_out(db, token)


def deactivated(db: Session, ann: Person, token: str) -> None:
    accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=False))


def new_password_by_an_administrator(db: Session, ann: Person, token: str) -> None:
    accounts.change_person(db, SYSTEM, ann.id, PersonChange(password=SecretStr("four other unrelated words")))


def new_password_elsewhere(db: Session, ann: Person, token: str) -> None:
    change = PasswordChange(current_password=SecretStr(PASSWORD), new_password=SecretStr("four other unrelated words"))
    accounts.change_password(db, accounts.actor_of(db, ann.id), change)


def revoked(db: Session, ann: Person, token: str) -> None:
    session = accounts.current_session(db, token)
    assert session
    accounts.revoke_session(db, accounts.actor_of(db, ann.id), session.id)


def signed_out_everywhere_else(db: Session, ann: Person, token: str) -> None:
    accounts.end_other_sessions(db, accounts.actor_of(db, ann.id))


def signed_out_by_an_administrator(db: Session, ann: Person, token: str) -> None:
    accounts.end_sessions_of(db, SYSTEM, ann.id)


ENDINGS = [
    signs_out,
    deactivated,
    new_password_by_an_administrator,
    new_password_elsewhere,
    revoked,
    signed_out_everywhere_else,
    signed_out_by_an_administrator,
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
def test_a_tab_that_does_nothing_ends_with_its_session(
    browser: TestClient, token: str, ann: Person, monkeypatch: pytest.MonkeyPatch, ending: Callable[..., None]
) -> None:
    assert tabs.CHECK_EVERY <= 2.5  # so that it takes five seconds at most
    monkeypatch.setattr(tabs, "CHECK_EVERY", 0.05)
    with browser.websocket_connect(STREAM, headers=OURS) as socket:
        socket.receive_text()
        with transaction() as db:
            ending(db, ann, token)
        assert redirect_of(socket.receive_bytes()).startswith("/auth/login")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


def test_after_the_end_of_a_session_a_tab_leads_back_to_its_page(
    browser: TestClient, token: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "CHECK_EVERY", 0.05)
    here = message(at="http://testserver/datasets", query="dataset=7&tab=Rows")
    with browser.websocket_connect(STREAM, headers=OURS) as socket:
        socket.receive_text()
        socket.send_bytes(here)
        socket.receive_bytes()
        with transaction() as db:
            accounts.sign_out(db, token)
        address = redirect_of(socket.receive_bytes())
    assert 'name="next" value="/datasets?dataset=7&amp;tab=Rows"' in browser.get(address).text
    with browser.websocket_connect(STREAM, subprotocols=["streamlit"], headers=OURS) as again:
        again.send_bytes(here)  # a tab that comes back after a time without network
        assert redirect_of(again.receive_bytes()) == address


@pytest.mark.parametrize("at", ["https://evil.example//evil.example", "//[", "x", "javascript:alert(1)"])
def test_a_tab_that_lies_about_its_page_leads_to_the_start(browser: TestClient, ann: Person, at: str) -> None:
    with browser.websocket_connect(STREAM, subprotocols=["streamlit"], headers=OURS) as socket:
        socket.send_bytes(message(at=at))
        address = redirect_of(socket.receive_bytes())
    assert 'name="next" value="/"' in browser.get(address).text


@pytest.mark.parametrize(("accept", "counts"), [("image/*,*/*", False), ("text/html", True)])
def test_what_an_open_page_fetches_by_itself_is_no_activity(
    browser: TestClient, token: str, accept: str, counts: bool
) -> None:
    earlier = clock.now() - timedelta(minutes=10)
    with transaction() as db:
        db.execute(sa.update(SessionRow).values(last_seen_at=earlier))
    assert browser.get("/media/chart.png", headers={"Accept": accept}).status_code == 200
    with transaction() as db:
        assert (db.scalars(sa.select(SessionRow.last_seen_at)).one() > earlier) is counts


def test_a_new_role_is_known_at_the_next_request(browser: TestClient, token: str, ann: Person) -> None:
    with transaction() as db:
        accounts.change_person(db, SYSTEM, ann.id, PersonChange(role=Role.viewer))
    assert browser.get("/board").text == "<p>ann@example.com|viewer</p>"


@pytest.mark.parametrize(("automatic", "counts"), [(True, False), (False, True)])
def test_a_page_that_refreshes_itself_is_no_activity(
    browser: TestClient, token: str, automatic: bool, counts: bool
) -> None:
    earlier = clock.now() - timedelta(minutes=10)
    with browser.websocket_connect(STREAM, headers=OURS) as socket:
        socket.receive_text()
        with transaction() as db:
            db.execute(sa.update(SessionRow).values(last_seen_at=earlier))
        socket.send_bytes(message())
        socket.receive_bytes()
        socket.send_bytes(message(automatic=automatic))
        socket.receive_bytes()
    with transaction() as db:
        assert (db.scalars(sa.select(SessionRow.last_seen_at)).one() > earlier) is counts


def test_a_tab_whose_connection_is_back_is_no_activity(browser: TestClient, token: str) -> None:
    earlier = clock.now() - timedelta(minutes=10)
    with transaction() as db:
        db.execute(sa.update(SessionRow).values(last_seen_at=earlier))
    for _ in range(3):
        with browser.websocket_connect(STREAM, headers=OURS) as socket:
            socket.receive_text()
            socket.send_bytes(message())
            socket.receive_bytes()
    with transaction() as db:
        assert db.scalars(sa.select(SessionRow.last_seen_at)).one() == earlier


def test_pages_are_not_kept_and_tell_browsers_what_not_to_do(browser: TestClient, token: str) -> None:
    headers = browser.get("/board").headers
    assert headers["cache-control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert policy["object-src"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers
    assert browser.get("https://testserver/board").headers["strict-transport-security"]


def test_what_the_api_sends_can_run_no_script(browser: TestClient, token: str) -> None:
    policy = browser.get("/api/v1/me").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    docs = browser.get("/api/v1/docs")
    assert docs.status_code == 200
    assert "'sha256-" in docs.headers["content-security-policy"]


def test_what_the_api_can_do_is_told_to_those_who_may_use_it(browser: TestClient, ann: Person) -> None:
    for path in ("/api/v1/docs", "/api/v1/openapi.json"):
        assert browser.get(path).headers["location"].startswith("/auth/login?next=/api/v1/")
        assert browser.get(path, headers={"Accept": "application/json"}).status_code == 401
    with transaction() as db:
        key = accounts.create_key(db, accounts.actor_of(db, ann.id), KeyCreate(name="docs")).key
    described = browser.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {key}"})
    assert described.json()["info"]["title"] == "AutoReport"
    assert browser.get("/board", headers={"Authorization": f"Bearer {key}"}).status_code == 303


def test_without_database_nobody_is_let_in_or_thrown_out(browser: TestClient, token: str) -> None:
    here = database_module.database_url()
    database_module.engine().dispose()
    database_module.configure("postgresql://nobody@127.0.0.1:1/none")
    try:
        answer = browser.get("/board")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert browser.get("/api/v1/me").json()["error"] == "Unavailable"
    finally:
        database_module.configure(here)
    assert browser.get("/board").status_code == 200


def test_a_fault_below_the_gate_is_answered_with_a_number_and_all_headers() -> None:
    def broken(_request: Request) -> Response:
        raise RuntimeError("secret-in-a-traceback")

    layers = [Middleware(TraceRequests), Middleware(Gate), Middleware(AnswerFaults)]
    app = Starlette(routes=[Route("/health", broken)], middleware=layers)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/health", headers={"X-Request-Id": "number-to-tell"})
    assert answer.status_code == 500
    assert "number-to-tell" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
