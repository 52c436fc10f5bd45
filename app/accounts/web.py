"""Who is at the HTTP door, and the one transaction of each request."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from app.accounts import idempotency, limits
from app.accounts import service as accounts
from app.accounts.cookies import session_token
from app.core.actor import Actor
from app.core.db import transaction
from app.core.errors import Forbidden, NotSignedIn
from app.core.paging import MAX_LIMIT

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
BY_ITSELF: set[Callable[..., Any]] = set()

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, scheme_name="API key", description="A key made under Settings: ar_…")),
]


class CrossSite(Forbidden):
    """A change by cookie must come from AutoReport's own pages. Scripts use an API key, or send Origin."""


class KeyRefused(NotSignedIn):
    """This API key is unknown, expired or revoked."""


def same_origin(connection: HTTPConnection) -> bool:
    """What the browser itself says about where a request comes from; no page can forge these headers."""
    if site := connection.headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = urlsplit(connection.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == connection.headers.get("host")


def asked_by_itself(endpoint: Endpoint) -> Endpoint:
    """For a route that an open page asks again and again: that keeps nobody signed in. Below the router's decorator."""
    BY_ITSELF.add(endpoint)
    return endpoint


def client_ip(connection: HTTPConnection) -> str | None:
    return connection.client.host if connection.client else None


def identify(request: Request, bearer: Bearer) -> Actor:
    """In a transaction of its own, which is over before the request's begins: never two connections at once."""
    changes = request.method not in SAFE_METHODS
    if "authorization" in request.headers:
        return _owner_of_key(request, bearer.credentials if bearer else "", changes=changes)
    is_activity = request.scope.get("endpoint") not in BY_ITSELF
    with transaction() as db:
        actor = accounts.actor_of_session(db, session_token(request), ip=client_ip(request), is_activity=is_activity)
        if actor:
            limits.spend_request(db, f"person {actor.id}")
    if actor is None:
        raise NotSignedIn
    request.state.actor = actor  # whom a refusal is about
    if changes and not same_origin(request):
        raise CrossSite
    return actor


def _owner_of_key(request: Request, key: str, *, changes: bool) -> Actor:
    ip = client_ip(request)
    with transaction() as db:
        found = accounts.key_in_use(db, key, ip=ip)
        if found:
            limits.spend_request(db, f"key {found.id}")
        else:
            limits.spend_unknown_key(db, ip)
    if found is None:
        raise KeyRefused
    request.state.actor, request.state.key_ends = found.actor, found.expires_at
    if changes and not found.may_change:
        raise accounts.ScopeTooNarrow
    return found.actor


Caller = Annotated[Actor, Depends(identify)]


def proven_just_now(request: Request, caller: Caller) -> None:
    """A cookie can be stolen from a browser that was left open: it may not turn into something that lasts."""
    if "authorization" not in request.headers:
        with transaction() as db:
            accounts.require_fresh_sign_in(db, session_token(request))


PROVEN_JUST_NOW = Depends(proven_just_now)


def one_transaction(request: Request, caller: Caller) -> Iterator[Session]:
    with transaction() as db:
        if isinstance(claim := getattr(request.state, "idempotency", None), idempotency.Claim):
            idempotency.claim(db, caller, claim)
        yield db


# "function": the commit comes before the answer, so that nobody is told of a success that then fails.
Db = Annotated[Session, Depends(one_transaction, scope="function")]


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


SessionToken = Annotated[str | None, Depends(session_token)]
