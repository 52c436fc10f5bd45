"""Around every request to the API: an id for it, an envelope for its errors, and one effect per Idempotency-Key."""

import json
import re
from hashlib import sha256
from typing import Any
from uuid import uuid4

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.accounts import idempotency
from app.accounts.idempotency import Answer, Claim
from app.core.db import transaction
from app.core.errors import TooLarge

MAX_KEPT = 1 << 20
MAX_BODY = 8 << 20
TOO_LARGE = f"A request other than a file upload may have {MAX_BODY >> 20} MiB."
MAX_KEY = 200

log = structlog.get_logger()


def error_answer(
    scope: Scope, status: int, code: str, message: str, details: list[dict[str, Any]] | None = None
) -> JSONResponse:
    request_id = scope.get("state", {}).get("request_id", "")
    body = {"error": code, "message": message, "request_id": request_id, "details": details or []}
    # A message may repeat what was sent, and half a surrogate pair has no bytes in UTF-8.
    return _JsonInAscii(body, status, {"WWW-Authenticate": "Bearer"} if status == 401 else None)


class _JsonInAscii(JSONResponse):
    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode("ascii")


class RequestIds:
    """The id is in the answer, in the log, and in every error that a person may want to report."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = scope.setdefault("state", {}).setdefault("request_id", uuid4().hex)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            return await self.app(scope, receive, send_with_id)
        except Exception:
            log.exception("request_failed", request_id=request_id, path=scope["path"], method=scope["method"])
            if started:
                raise
            text = f"Something went wrong on our side. Tell your administrator this number: {request_id}"
            return await error_answer(scope, 500, "InternalError", text)(scope, receive, send_with_id)


class SmallBodies:
    """A body is read before anybody knows who sends it, so it must be small; `files_at` have their own limits.

    Each is a pattern for a whole path.
    """

    def __init__(self, app: ASGIApp, files_at: tuple[str, ...]) -> None:
        self.app, self.files_at = app, re.compile("|".join(files_at))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.files_at.fullmatch(scope["path"].removeprefix(scope.get("root_path", ""))):
            return await self.app(scope, receive, send)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return await error_answer(scope, 413, "TooLarge", TOO_LARGE)(scope, receive, send)
        left = MAX_BODY

        async def receive_counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLarge(TOO_LARGE)
            return message

        return await self.app(scope, receive_counted, send)


class IdempotentPosts:
    """Notes the claim for the request's transaction to take, and keeps the answer for the next time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST":
            return await self.app(scope, receive, send)
        if not 0 < len(key) <= MAX_KEY or not key.isprintable():
            text = f"Idempotency-Key must have 1 to {MAX_KEY} printable characters."
            return await error_answer(scope, 422, "Invalid", text)(scope, receive, send)
        body = await _small_body(scope, receive)
        claim = Claim(key, _fingerprint(scope, body))
        scope.setdefault("state", {})["idempotency"] = claim
        sender = _Keeping(claim, send)
        return await self.app(scope, _again(body, receive), sender)


class _Keeping:
    """Holds a small answer back until it is stored, so that a client never has one that a retry would not get."""

    def __init__(self, claim: Claim, send: Send) -> None:
        self.claim, self.send = claim, send
        self.held: list[Message] = []
        self.streams = False

    async def __call__(self, message: Message) -> None:
        self.held.append(message)
        if self.streams or self.claim.person_id is None or self._is_secret() or self._size() > MAX_KEPT:
            self.streams = True
            return await self._release()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await run_in_threadpool(self._keep)
            await self._release()
        return None

    def _is_secret(self) -> bool:
        """An answer that holds a new key must not lie in the database in clear."""
        return Headers(raw=self.held[0]["headers"]).get("cache-control") == "no-store"

    def _size(self) -> int:
        return sum(len(message.get("body", b"")) for message in self.held)

    def _keep(self) -> None:
        start = self.held[0]
        names = (b"content-type", b"location")
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"] if name in names}
        body = b"".join(message.get("body", b"") for message in self.held)
        with transaction() as db:
            idempotency.keep_answer(db, self.claim, Answer(start["status"], headers, body))

    async def _release(self) -> None:
        while self.held:
            await self.send(self.held.pop(0))


async def _small_body(scope: Scope, receive: Receive) -> list[Message]:
    """Read ahead only as far as fits into memory; a large upload is told apart by its length."""
    length = Headers(scope=scope).get("content-length", "")
    messages: list[Message] = []
    while length.isdecimal() and int(length) <= MAX_KEPT:
        messages.append(await receive())
        if not messages[-1].get("more_body"):
            break
    return messages


def _fingerprint(scope: Scope, body: list[Message]) -> str:
    headers = Headers(scope=scope)
    digest = sha256()
    for part in (
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers.get("content-length", ""),
    ):
        digest.update(part.encode() + b"\0")
    # The boundary of a multipart body is drawn anew by most clients for each attempt.
    if not headers.get("content-type", "").startswith("multipart/"):
        for message in body:
            digest.update(message.get("body", b""))
    return digest.hexdigest()


def _again(messages: list[Message], receive: Receive) -> Receive:
    left = list(messages)

    async def replay() -> Message:
        return left.pop(0) if left else await receive()

    return replay
