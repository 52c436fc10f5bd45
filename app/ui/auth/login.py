"""The first proof: e-mail and password, as plain HTML outside of Streamlit, so that password managers work."""

from typing import Any

from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.asgi import error_answer
from app.accounts.schemas import CodeNeeded, SignedIn
from app.accounts.web import COOKIE, client_ip
from app.core.db import transaction
from app.core.errors import NotSignedIn
from app.ui.auth import forms

WRONG = "This e-mail and password do not fit together."
ENDED = "Your session has ended. Sign in to go on."


def show_login(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, request.cookies.get(COOKIE)):
            return RedirectResponse(forms.safe_next(request.query_params.get("next", "/")), 303)
        if not accounts.anybody_exists(db):
            return RedirectResponse("/auth/setup", 303)
    return _page(request, ENDED if "ended" in request.query_params else "", request.query_params.get("next", "/"))


async def do_login(request: Request) -> Response:
    """A form of ours, or JSON `{"email", "password"}` from a script: other sites can send neither."""
    if is_json := request.headers.get("content-type", "").startswith("application/json"):
        form: Any = await _json(request)
    else:
        form = await forms.sent(request)
        if not forms.is_genuine(request, form):
            return await run_in_threadpool(_page, request, forms.STALE, str(form.get("next", "/")), 403)
    email, password = str(form.get("email", "")), SecretStr(str(form.get("password", "")))
    signed_in = await run_in_threadpool(_sign_in, request, email, password)
    if is_json:
        return await run_in_threadpool(_answer_json, request, signed_in)
    if signed_in is None:
        return _page(request, WRONG, str(form.get("next", "/")), 401, email=email)
    return await run_in_threadpool(forms.let_in, request, signed_in, str(form.get("next", "/")))


def _sign_in(request: Request, email: str, password: SecretStr) -> SignedIn | CodeNeeded | None:
    agent = request.headers.get("user-agent", "")
    with transaction() as db:
        return accounts.sign_in(db, email, password, ip=client_ip(request), user_agent=agent)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _answer_json(request: Request, signed_in: SignedIn | CodeNeeded | None) -> Response:
    if not isinstance(signed_in, SignedIn):
        return error_answer(request.scope, 401, NotSignedIn.__name__, WRONG)
    forms.end_session(request)
    response = JSONResponse({"person": signed_in.person.model_dump(mode="json")})
    forms.remember(request, response, signed_in.token)
    return response


def _page(request: Request, text: str, wanted: str, status: int = 200, email: str = "") -> Response:
    said = forms.notice(text, bad=status != 200)
    values = {"notice_html": said, "next": forms.safe_next(wanted), "email": email}
    response = forms.page(request, "login", "Sign in", status=status, **values)
    if status == 200 and COOKIE in request.cookies:
        forms.forget(request, response)
    return response


routes = [
    Route("/auth/login", show_login, methods=["GET"]),
    Route("/auth/login", forms.small(do_login), methods=["POST"]),
]
