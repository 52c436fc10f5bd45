"""What our cookies are called, and what a browser has sent under these names."""

from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.core.settings import settings

SESSION = "autoreport_session"
CSRF = "autoreport_csrf"
PENDING = "autoreport_pending"
DEVICE = "autoreport_device"
OIDC = "autoreport_oidc"
# What stood in a link that came by mail, for as long as its form is open.
INVITATION = "autoreport_invitation"
RESET = "autoreport_reset"
# Those of "/" go with every request of ours, so that they can carry the strictest name.
PATHS = {SESSION: "/", CSRF: "/", OIDC: "/", PENDING: "/auth", DEVICE: "/auth", INVITATION: "/auth", RESET: "/auth"}


def is_secure(connection: HTTPConnection) -> bool:
    """Behind a proxy that ends TLS and does not say so, PUBLIC_URL tells."""
    return connection.scope.get("scheme") in ("https", "wss") or settings().base_url.startswith("https://")


def cookie_name(name: str, *, secure: bool) -> str:
    """Over https a name that a browser takes from nobody but us: not over http, nor from a sibling of our domain.

    So a plain name on a secure request was planted, and does not count. On http browsers refuse these names.
    """
    prefix = "__Host-" if PATHS[name] == "/" else "__Secure-"
    return prefix + name if secure else name


def sent_cookie(connection: HTTPConnection, name: str) -> str | None:
    return connection.cookies.get(cookie_name(name, secure=is_secure(connection)))


def session_token(connection: HTTPConnection) -> str | None:
    return sent_cookie(connection, SESSION)


def set_cookie(
    connection: HTTPConnection,
    response: Response,
    name: str,
    value: str,
    *,
    samesite: Literal["lax", "strict"] = "strict",
    max_age: int | None = None,
) -> None:
    secure = is_secure(connection)
    full, path = cookie_name(name, secure=secure), PATHS[name]
    response.set_cookie(full, value, max_age=max_age, path=path, httponly=True, samesite=samesite, secure=secure)


def drop_cookie(connection: HTTPConnection, response: Response, name: str) -> None:
    secure = is_secure(connection)
    response.delete_cookie(cookie_name(name, secure=secure), path=PATHS[name], httponly=True, secure=secure)
