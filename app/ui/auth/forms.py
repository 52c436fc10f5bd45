"""The few plain HTML pages in front of Streamlit: templates with escaped values, and what protects their forms."""

import asyncio
import hmac
import os
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from html import escape
from pathlib import Path
from string import Template
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, unquote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.accounts import service as accounts
from app.accounts.cookies import CSRF, DEVICE, PENDING, SESSION, drop_cookie, sent_cookie, session_token, set_cookie
from app.accounts.schemas import CodeNeeded, SignedIn
from app.accounts.web import client_ip, same_origin
from app.admissions import service as admissions
from app.core.db import transaction
from app.core.errors import AppError, TooMany
from app.core.settings import settings

HTML = Path(__file__).parents[1] / "html"
MAX_FORM = 64 * 1024
HASHED_AT_ONCE = min(4, os.cpu_count() or 2)

P = ParamSpec("P")
Answer = TypeVar("Answer")
_hashing = ThreadPoolExecutor(HASHED_AT_ONCE, thread_name_prefix="passwords")
STALE = "This form was open for too long or came from another site. Please try again."


def page(request: Request, name: str, title: str, /, *, status: int = 200, **values: str) -> HTMLResponse:
    """`values` are escaped; those whose name ends with `_html` come from another template."""
    token = sent_cookie(request, CSRF) or secrets.token_urlsafe(24)
    body = fragment(name, csrf=token, title=title, **values)
    layout = Template((HTML / "layout.html").read_text(encoding="utf-8"))
    response = HTMLResponse(layout.substitute(title=escape(title), body=body), status)
    set_cookie(request, response, CSRF, token)
    return response


def fragment(name: str, /, **values: str) -> str:
    filled = {
        key.removesuffix("_html"): value if key.endswith("_html") else escape(value, quote=True)
        for key, value in values.items()
    }
    return Template((HTML / f"{name}.html").read_text(encoding="utf-8")).substitute(filled)


def notice(text: str, *, bad: bool) -> str:
    if not text:
        return ""
    return f'<p class="notice{" bad" if bad else ""}" role="{"alert" if bad else "status"}">{escape(text)}</p>'


def sign_up_offer() -> str:
    """Below the sign-in: how to get an account here."""
    return fragment("sign_up_offer") if admissions.sign_up_open() else fragment("no_sign_up")


def oidc_offer(wanted: str) -> str:
    if not admissions.oidc_configured():
        return ""
    return fragment("oidc_offer", next=quote(safe_next(wanted), safe="/"), name=settings().oidc_name)


def login_page(request: Request, text: str, *, status: int = 200, wanted: str = "/", email: str = "") -> HTMLResponse:
    parts = {"notice_html": notice(text, bad=status != 200), "sign_up_html": sign_up_offer()}
    parts["oidc_html"] = oidc_offer(wanted)
    return page(request, "login", "Sign in", status=status, next=safe_next(wanted), email=email, **parts)


async def sent(request: Request) -> FormData:
    return await request.form(max_part_size=MAX_FORM)


async def in_turn(work: Callable[P, Answer], *given: P.args, **options: P.kwargs) -> Answer:
    """Hashing a password takes long: however many want to come in, there are threads and connections for others."""
    running = partial(copy_context().run, work, *given, **options)
    return await asyncio.get_running_loop().run_in_executor(_hashing, running)


def is_genuine(request: Request, form: Any) -> bool:
    """The form is one that we gave to this browser, and the browser does not say that it was sent from elsewhere."""
    claims_elsewhere = {"sec-fetch-site", "origin"} & set(request.headers) and not same_origin(request)
    token, expected = str(form.get("csrf", "")), sent_cookie(request, CSRF) or ""
    return not claims_elsewhere and bool(expected) and hmac.compare_digest(token.encode(), expected.encode())


def safe_next(wanted: str) -> str:
    """Only an address of our own, and none that would sign out again. Anything else leads to the start page."""
    plain = unquote(wanted)
    is_path = plain.startswith("/") and not plain.startswith(("//", "/\\")) and plain.isprintable()
    return wanted if is_path and "\\" not in plain and not plain.startswith(("/auth", "/api")) else "/"


def let_in(request: Request, outcome: SignedIn | CodeNeeded, wanted: str = "/") -> Response:
    """After the first proof: to the page that was wanted, or to the second proof. Not on the event loop.

    The session that this browser had before is over.
    """
    following = safe_next(wanted)
    if isinstance(outcome, CodeNeeded):
        step = "enrol" if outcome.must_enrol else "code"
        response = RedirectResponse(f"/auth/{step}?next={quote(following)}", 303)
        # "strict" would not survive the way back from another provider
        set_cookie(request, response, PENDING, outcome.token, samesite="lax", max_age=600)
        return response
    return signed_in(request, RedirectResponse(following, 303), outcome)


def signed_in(request: Request, response: Response, outcome: SignedIn) -> Response:
    end_session(request)
    remember(request, response, outcome.token)
    with transaction() as db:
        device = accounts.remember_device(db, outcome.person.id, sent_cookie(request, DEVICE))
    set_cookie(request, response, DEVICE, device, max_age=int(accounts.DEVICE_KNOWN_FOR.total_seconds()))
    if pending(request):
        drop_cookie(request, response, PENDING)
    return response


def pending(request: Request) -> str:
    """Stands for the first proof; empty when there was none."""
    return sent_cookie(request, PENDING) or ""


def start_again(request: Request, error: AppError) -> Response:
    """The first proof does not count any more."""
    response = login_page(request, error.message, status=error.status)
    drop_cookie(request, response, PENDING)
    return response


def told_to_wait(response: Response, error: AppError) -> Response:
    """Programs read how long from the header, people from the text."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def end_session(request: Request) -> None:
    if token := session_token(request):
        with transaction() as db:
            accounts.sign_out(db, token, ip=client_ip(request))


def remember(request: Request, response: Response, token: str) -> None:
    set_cookie(request, response, SESSION, token, samesite="lax", max_age=settings().session_max_age)


def forget(request: Request, response: Response) -> None:
    drop_cookie(request, response, SESSION)


def small(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Nobody is known here yet, so nobody may make us read much."""

    async def checked(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_FORM:
            return page(request, "gone", "Too large", status=413, text="This is larger than any form of ours.")
        return await answer(request)

    return checked
