"""In front of everything: nobody without a session reaches Streamlit, by page, by file or by websocket.

Pure ASGI, because Starlette's own middleware class never sees websockets.
"""

import asyncio
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts import service as accounts
from app.accounts.asgi import error_answer
from app.accounts.cookies import session_token
from app.accounts.web import client_ip
from app.core.actor import Actor
from app.core.db import transaction
from app.core.settings import settings
from app.ui.headers import secured
from app.ui.tabs import SIGNED_OUT, OpenTabs, Tab, login_for, page_of, push_to, read_frame

API = "/api/v1"
# The API asks for a key or a session itself; what else is here holds no data of anybody.
# A calendar program cannot sign in: the link that it was given is its key.
OPEN = (
    API, "/auth", "/calendar", "/health", "/metrics", "/u", "/static", "/favicon.png", "/_stcore/health",
    "/_stcore/host-config",
)  # fmt: skip
IDENTITY = (b"x-app-user-id", b"x-app-user-email", b"x-app-user-role")
SETUP, LOGIN = "/auth/setup", "/auth/login"
FIRST_FRAME_SECONDS = 2.0

log = structlog.get_logger()


class Gate:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.tabs = OpenTabs()
        self.is_set_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        # Only we say who somebody is: copies of these headers sent by a client are dropped.
        scope = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k.lower() not in IDENTITY]}
        if scope["type"] == "http":
            send = secured(scope, send)
            if scope["path"].startswith("/api") and not _is_open(scope["path"]):
                return await _no_such_api(scope)(scope, receive, send)
            if _is_open(scope["path"]) and not _describes_api(scope["path"]):
                return await self.app(scope, receive, send)
        connection = HTTPConnection(scope)
        token = session_token(connection) or ""
        try:
            person = await run_in_threadpool(self._person, token, connection)
        except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            log.warning("database_unavailable", error=str(error.__cause__ or error))
            return await _unavailable(scope, receive, send)
        if person is None:
            return await self._refuse(connection, receive, send)
        scope["headers"] += _identity(person)
        if scope["type"] == "http":
            return await self.app(scope, receive, send)
        return await self._tab(scope, token, Tab(receive, send, token))

    def _person(self, token: str, connection: HTTPConnection) -> Actor | None:
        ip, is_activity = client_ip(connection), _is_activity(connection)
        with transaction() as db:
            person = accounts.actor_of_session(db, token, ip=ip, is_activity=is_activity)
            self.is_set_up = self.is_set_up or person is not None or accounts.anybody_exists(db)
            if person is None and _describes_api(connection.scope["path"]):
                return _owner_of_key(db, connection)
            return person

    async def _tab(self, scope: Scope, token: str, tab: Tab) -> None:
        self.tabs.add(token, tab)
        try:
            await self.app(scope, tab.receive, tab.send)
        finally:
            self.tabs.remove(token, tab)

    async def _refuse(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        scope = connection.scope
        if scope["type"] == "websocket":
            return await self._refuse_websocket(connection, receive, send)
        if scope["method"] in ("GET", "HEAD") and "text/html" in connection.headers.get("accept", ""):
            return await self._to_login(scope)(scope, receive, send)
        return await PlainTextResponse("Sign in first.", 401)(scope, receive, send)

    def _to_login(self, scope: Scope) -> Response:
        if not self.is_set_up:
            return RedirectResponse(SETUP, 303)
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(LOGIN if wanted == "/" else f"{LOGIN}?next={quote(wanted)}", 303)

    async def _refuse_websocket(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        """A tab of ours whose session is over would try again for ever: it is told where to go. Others get a 403."""
        await receive()
        headers = connection.headers
        is_ours = urlsplit(headers.get("origin", "")).netloc == headers.get("host")
        if is_ours and headers.get("sec-websocket-protocol", "").startswith("streamlit"):
            await send({"type": "websocket.accept", "subprotocol": "streamlit"})
            return await push_to(send, login_for(await _first_page(receive)) if self.is_set_up else SETUP)
        return await send({"type": "websocket.close", "code": SIGNED_OUT})


async def _first_page(receive: Receive) -> str:
    """A tab says where it is as soon as it is connected; it is not waited for long."""
    try:
        message = await asyncio.wait_for(receive(), FIRST_FRAME_SECONDS)
    except TimeoutError:
        return ""
    return page_of(read_frame(message.get("bytes") or b""))


def _describes_api(path: str) -> bool:
    """What the API can do is for those who may use it: with a session or a key."""
    return path in (f"{API}/docs", f"{API}/openapi.json") and not settings().debug


def _owner_of_key(db: Session, connection: HTTPConnection) -> Actor | None:
    kind, _, key = connection.headers.get("authorization", "").partition(" ")
    return accounts.actor_of_key(db, key, ip=client_ip(connection)) if kind.lower() == "bearer" else None


def _is_activity(connection: HTTPConnection) -> bool:
    """A page that somebody opens, or something that is sent; not what an open page fetches by itself."""
    scope, headers = connection.scope, connection.headers
    return scope["type"] == "http" and (
        scope["method"] not in ("GET", "HEAD") or "text/html" in headers.get("accept", "")
    )


def _is_open(path: str) -> bool:
    return any(path == known or path.startswith(known + "/") for known in OPEN)


def _identity(person: Actor) -> list[tuple[bytes, bytes]]:
    return list(zip(IDENTITY, (str(person.id).encode(), person.email.encode(), person.role.encode()), strict=True))


def _no_such_api(scope: Scope) -> JSONResponse:
    """Streamlit would answer every unknown address with its start page."""
    return error_answer(scope, 404, "NotFound", f"There is no such address. The API is under {API}/.")


async def _unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1013})
    text = "The database does not answer right now. Try again in a moment."
    return await PlainTextResponse(text, 503, {"Retry-After": "5"})(scope, receive, send)
