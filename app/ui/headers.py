"""What browsers are told not to do with our answers."""

import base64
import hashlib
import re
from functools import lru_cache

import fastapi.openapi.docs
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

from app.accounts.cookies import is_secure
from app.ui.shell import shell

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ONE_YEAR = "max-age=31536000; includeSubDomains"
API, DOCS = "/api/", "/api/v1/docs"
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

# Whatever a report or an export holds, it runs no script and reaches no host.
DATA_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)
FORM_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def form_policy_with(hosts: str) -> str:
    """For the one form that shows a widget of somebody else."""
    opened = FORM_POLICY.replace("style-src 'self'", f"style-src 'self' {hosts}")
    return f"{opened}; script-src {hosts}; frame-src {hosts}; connect-src {hosts}"


def secured(scope: Scope, send: Send) -> Send:
    """An answer that brings its own policy or caching keeps it."""

    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in EVERYWHERE.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", _policy(scope["path"]))
            if is_secure(HTTPConnection(scope)):
                headers.setdefault("Strict-Transport-Security", ONE_YEAR)
                message["headers"][:] = [_over_tls_only(*header) for header in message["headers"]]
            if headers.get("content-type", "").startswith("text/html"):
                headers["Cache-Control"] = "no-store"  # after sign-out, Back must not show a page from the cache
            elif scope["path"].startswith((API, "/metrics")) or message["status"] >= 400:
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_secured


def _over_tls_only(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Streamlit's own cookie does not say so."""
    is_bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if is_bare else value


def _policy(path: str) -> str:
    if path == DOCS:
        return _docs_policy()
    if path.startswith(API):
        return DATA_POLICY
    return FORM_POLICY if path.startswith("/auth/") else _shell_policy()


@lru_cache(maxsize=1)
def _shell_policy() -> str:
    """Streamlit styles itself inline; inline scripts are known by their hashes. `blob:` carries our components."""
    return (
        f"default-src 'self'; script-src 'self' blob: {_hashes(shell())}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:;"
        " worker-src 'self' blob:; frame-src 'self' blob: data:; object-src 'none'; base-uri 'self';"
        " form-action 'self'; frame-ancestors 'self'"
    )


@lru_cache(maxsize=1)
def _docs_policy() -> str:
    page = fastapi.openapi.docs.get_swagger_ui_html(
        openapi_url="/api/v1/openapi.json", title="", oauth2_redirect_url="/docs/oauth2-redirect"
    )
    return (
        f"default-src 'self'; script-src 'self' {_hashes(bytes(page.body).decode())}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def _hashes(page: str) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE_SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
