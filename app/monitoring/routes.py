"""What probes and Prometheus ask for, outside the API and before any sign-in."""

from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.accounts import service as accounts
from app.core.actor import Role
from app.core.db import transaction
from app.core.errors import AppError
from app.monitoring import metrics
from app.monitoring import service as monitoring

NO_STORE = {"Cache-Control": "no-store"}


def live(_request: Request) -> JSONResponse:
    """The process answers; nothing else is asked, so that a database that is away gets nobody restarted."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


def ready(request: Request) -> JSONResponse:
    """Which part is down is for everybody; why, with names of hosts, is for this machine only."""
    found = monitoring.readiness()
    body = found.model_dump(exclude=None if _from_here(request) else {"checks": {"__all__": {"detail"}}})
    return JSONResponse(body, 503 if found.status == monitoring.DOWN else 200, headers=NO_STORE)


def exposition(request: Request) -> Response:
    if not (_from_here(request) or _by_admin(request)):
        return PlainTextResponse("Only from this machine, or with the API key of an administrator.\n", 403)
    return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _from_here(request: Request) -> bool:
    """Not what a proxy on this machine passes on from elsewhere."""
    if request.client is None or {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers):
        return False
    return ip_address(request.client.host).is_loopback


def _by_admin(request: Request) -> bool:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return False
    try:
        with transaction() as db:
            actor = accounts.actor_of_key(db, key)
    except (AppError, SQLAlchemyError):
        return False
    return actor is not None and actor.role is Role.admin


routes: list[BaseRoute] = [
    Route("/health", live),
    Route("/health/ready", ready),
    Route("/metrics", exposition),
]
