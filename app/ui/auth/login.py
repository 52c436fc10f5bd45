"""The first proof: e-mail and password, as plain HTML outside of Streamlit, so that password managers work."""

from typing import Any

from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.asgi import error_answer
from app.accounts.cookies import DEVICE, sent_cookie, session_token
from app.accounts.schemas import CodeNeeded, SignedIn
from app.accounts.web import client_ip
from app.core.db import transaction
from app.core.errors import AppError, NotSignedIn, TooMany
from app.ui.auth import forms

WRONG = "This e-mail and password do not fit together."
WRONG_CODE = "This e-mail, password and code do not fit together."
SEND_CODE = "Send the six digits of the authenticator app, or a recovery code, as `code`."
MUST_ENROL = "Your role must use two-factor sign-in. Sign in with a browser once to set it up."
ENDED = "Your session has ended. Sign in to go on."


def show_login(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, session_token(request)):
            return RedirectResponse(forms.safe_next(request.query_params.get("next", "/")), 303)
        if not accounts.anybody_exists(db):
            return RedirectResponse("/auth/setup", 303)
    return _page(request, ENDED if "ended" in request.query_params else "", request.query_params.get("next", "/"))


async def do_login(request: Request) -> Response:
    """A form of ours, or JSON `{"email", "password", "code"}` from a script: other sites can send neither."""
    if is_json := request.headers.get("content-type", "").startswith("application/json"):
        form: Any = await _json(request)
    else:
        form = await forms.sent(request)
        if not forms.is_genuine(request, form):
            return await run_in_threadpool(_page, request, forms.STALE, str(form.get("next", "/")), 403)
    email, password = str(form.get("email", "")), SecretStr(str(form.get("password", "")))
    try:
        signed_in = await forms.in_turn(_sign_in, request, email, password)
    except TooMany as refusal:
        return await run_in_threadpool(_locked_out, request, refusal, form, is_json)
    if is_json:
        return await run_in_threadpool(_answer_json, request, signed_in, str(form.get("code", "")))
    if signed_in is None:
        return _page(request, WRONG, str(form.get("next", "/")), 401, email=email)
    return await run_in_threadpool(forms.let_in, request, signed_in, str(form.get("next", "/")))


def _sign_in(request: Request, email: str, password: SecretStr) -> SignedIn | CodeNeeded | None:
    """Paid for before the password is looked at, so that many tries at once are many tries. Raises TooMany."""
    agent, ip, device = request.headers.get("user-agent", ""), client_ip(request), sent_cookie(request, DEVICE)
    with transaction() as db:
        refusal = accounts.spend_sign_in(db, email, ip=ip, device=device)
    if refusal:
        raise refusal
    with transaction() as db:
        return accounts.sign_in(db, email, password, ip=ip, user_agent=agent, device=device)


def _locked_out(request: Request, refusal: TooMany, form: Any, is_json: bool) -> Response:
    """The same for addresses that nobody has."""
    if is_json:
        return _error_json(request, refusal)
    shown = _page(
        request, refusal.message, str(form.get("next", "/")), refusal.status, email=str(form.get("email", ""))
    )
    return forms.told_to_wait(shown, refusal)


def _error_json(request: Request, error: AppError) -> Response:
    return forms.told_to_wait(error_answer(request.scope, error.status, error.code, error.message), error)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _answer_json(request: Request, outcome: SignedIn | CodeNeeded | None, code: str) -> Response:
    if isinstance(outcome, CodeNeeded):
        if outcome.must_enrol or not code:
            return _ask_json(request, outcome)
        try:
            outcome = _second_proof(request, outcome, code)
        except AppError as error:
            return _error_json(request, error)
    if outcome is None:
        return error_answer(request.scope, 401, NotSignedIn.__name__, WRONG_CODE if code else WRONG)
    response = JSONResponse({"person": outcome.person.model_dump(mode="json")})
    return forms.signed_in(request, response, outcome)


def _second_proof(request: Request, outcome: CodeNeeded, code: str) -> SignedIn | None:
    """A script has one try for each time that it sends the password. Raises TooMany."""
    agent, ip, device = request.headers.get("user-agent", ""), client_ip(request), sent_cookie(request, DEVICE)
    with transaction() as db:
        signed_in = accounts.give_code(db, outcome.token, code, ip=ip, user_agent=agent, device=device)
        accounts.forget_pending(db, outcome.token)
        return signed_in


def _ask_json(request: Request, outcome: CodeNeeded) -> Response:
    with transaction() as db:
        accounts.forget_pending(db, outcome.token)
    if outcome.must_enrol:
        return error_answer(request.scope, 403, "EnrolmentNeeded", MUST_ENROL)
    return error_answer(request.scope, 401, CodeNeeded.__name__, SEND_CODE)


def _page(request: Request, text: str, wanted: str, status: int = 200, email: str = "") -> Response:
    response = forms.login_page(request, text, status=status, wanted=wanted, email=email)
    if status == 200 and session_token(request):
        forms.forget(request, response)
    return response


routes = [
    Route("/auth/login", show_login, methods=["GET"]),
    Route("/auth/login", forms.small(do_login), methods=["POST"]),
]
