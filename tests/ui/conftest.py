"""The gate and the sign-in in front of a stand-in for Streamlit that tells what reached it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import Person, PersonCreate
from app.api import api
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.monitoring.count_requests import TraceRequests
from app.ui.auth.routes import routes as auth_routes
from app.ui.faults import AnswerFaults
from app.ui.gate import Gate

EMAIL, PASSWORD = "ann@example.com", "three unrelated words"


async def shell(request: Request) -> Response:
    return HTMLResponse(
        f"<p>{request.headers.get('x-app-user-email', '')}|{request.headers.get('x-app-user-role', '')}</p>"
    )


async def stream(socket: WebSocket) -> None:
    await socket.accept(subprotocol="streamlit")
    await socket.send_text(socket.headers.get("x-app-user-role", "nobody"))
    try:
        while True:
            await socket.send_bytes(b"seen " + await socket.receive_bytes())
    except WebSocketDisconnect:
        return


def product() -> Starlette:
    """The routes of the product, with a stand-in where Streamlit answers."""
    routes = [
        *auth_routes,
        Mount("/api/v1", app=api),
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{rest:path}", shell),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TraceRequests), Middleware(Gate), Middleware(AnswerFaults)])


@pytest.fixture
def browser(database: str) -> Iterator[TestClient]:
    """One that asks for pages, and follows no redirect by itself."""
    with TestClient(product(), headers={"Accept": "text/html"}, follow_redirects=False) as client:
        yield client


@pytest.fixture
def ann(database: str) -> Person:
    with transaction() as db:
        new = PersonCreate(email=EMAIL, name="Ann", password=SecretStr(PASSWORD), role=Role.author)
        return accounts.create_person(db, SYSTEM, new)


@pytest.fixture
def token(ann: Person, browser: TestClient) -> str:
    """Of a session that `browser` holds."""
    with transaction() as db:
        made = accounts.start_session(db, ann, ip="127.0.0.1")
    browser.cookies.set(COOKIE, made, domain="testserver.local")
    return made
