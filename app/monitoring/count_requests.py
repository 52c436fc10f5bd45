"""Around every request: an id that its log lines carry, and its place in the figures. Pure ASGI, so websockets pass."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.monitoring.metrics import request_seconds, requests_counted

SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
UI = "ui"

log = structlog.stdlib.get_logger(__name__)


class TraceRequests:
    """Outermost: everything below logs with the id. One that a proxy in front has given is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if SANE_ID.fullmatch(given) else uuid4().hex
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            return await self.app(scope, receive, send)


class CountRequests:
    """Innermost: here the router has said which route it was, so that addresses with ids are one line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status = time.perf_counter(), 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await self.app(scope, receive, send_noting_status)
        finally:
            route, seconds = route_of(scope), time.perf_counter() - started
            requests_counted.labels(scope["method"], route, str(status)).inc()
            request_seconds.labels(route).observe(seconds)
            log.debug("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 4))


def route_of(scope: Scope) -> str:
    """`/api/v1/cards/{id}`; whatever Streamlit answers is one route, since it answers every address."""
    path = str(getattr(scope.get("route"), "path", ""))
    root = str(scope.get("root_path", ""))
    if not root.startswith("/api/") and not path.startswith(("/auth/", "/health", "/metrics")):
        return UI
    known = path and path != root  # of an unknown address only the mount is known
    return root + path if known else root + "/(unknown)"
