"""The door for calendar programs: outside the API and before any sign-in. The link itself is the key."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.accounts.web import client_ip
from app.core.db import transaction
from app.core.errors import AppError, TooMany
from app.tasks.calendar import service as calendar

LONGEST = 100
# For the reader alone, and asked about again each time: what is revoked must not live on in a cache.
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Disposition": 'attachment; filename="board.ics"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def feed(request: Request) -> Response:
    token = str(request.path_params["token"])[:LONGEST]
    try:
        with transaction() as db:
            calendar.spend_feed(db, token, client_ip(request))
        with transaction() as db:
            found = calendar.calendar_feed(db, token, known_etag=request.headers.get("if-none-match", ""))
    except TooMany as error:
        headers = {"Cache-Control": "no-store", "Retry-After": str(error.retry_after)}
        return PlainTextResponse(error.message, error.status, headers)
    except AppError as error:
        return PlainTextResponse(error.message, error.status, {"Cache-Control": "no-store"})
    headers = {**HEADERS, "ETag": found.etag}
    if found.text is None:
        return Response(status_code=304, headers=headers)
    return Response(found.text, media_type="text/calendar", headers=headers)


def nothing(_request: Request) -> Response:
    return PlainTextResponse("There is no such calendar.", 404, {"Cache-Control": "no-store"})


routes: list[BaseRoute] = [
    Route("/calendar/{token}.ics", feed),
    Route("/calendar/{rest:path}", nothing),  # the last: what is open to everybody must not fall through to pages
]
