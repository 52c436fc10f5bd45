"""Signing in with another provider. A link leads there, so that no form is sent to a foreign host."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.cookies import OIDC, drop_cookie, sent_cookie, session_token, set_cookie
from app.accounts.web import client_ip
from app.admissions import service as admissions
from app.core.db import transaction
from app.core.errors import AppError, TooMany
from app.ui.auth import forms

OFF = "Signing in with another provider is not set up here."
LASTS = 600


def start(request: Request) -> Response:
    if not admissions.oidc_configured():
        return forms.page(request, "gone", "Not found", status=404, text=OFF)
    wanted = forms.safe_next(request.query_params.get("next", "/"))
    with transaction() as db:
        if accounts.actor_of_session(db, session_token(request)):
            return RedirectResponse(wanted, 303)
        if not accounts.anybody_exists(db):
            return RedirectResponse("/auth/setup", 303)
    try:
        with transaction() as db:
            admissions.spend_oidc_start(db, client_ip(request))
        described = admissions.provider_description()
    except AppError as error:
        return _sorry(request, error)
    with transaction() as db:
        question = admissions.ask_provider(db, described, wanted)
    response = RedirectResponse(question.url, 303)
    # "strict" would not survive the way back from the provider
    set_cookie(request, response, OIDC, question.browser, samesite="lax", max_age=LASTS)
    return response


def finish(request: Request) -> Response:
    """Nothing that the provider sends is shown, and each question is answered once, in the browser that asked it."""
    browser, answer = sent_cookie(request, OIDC) or "", dict(request.query_params)
    with transaction() as db:
        wanted = admissions.take_answer(db, browser, answer.get("state", ""))
    try:
        if wanted is None:
            raise admissions.SignInOver
        claimed = admissions.prove_identity(browser, answer)
        response = _let_in(request, claimed, wanted)
    except AppError as error:
        response = _sorry(request, error)
        if isinstance(error, admissions.ProofRefused):
            with transaction() as db:
                admissions.note_refused_proof(db, ip=client_ip(request))
    drop_cookie(request, response, OIDC)
    return response


def _let_in(request: Request, claimed: admissions.Claimed, wanted: str) -> Response:
    ip, agent = client_ip(request), request.headers.get("user-agent", "")
    with transaction() as db:
        outcome = admissions.admit_identity(db, claimed, ip=ip, user_agent=agent)
    if isinstance(outcome, AppError):
        raise outcome
    with transaction() as db:
        admissions.refund_oidc_start(db, ip)
    return forms.let_in(request, outcome, wanted)


def _sorry(request: Request, error: AppError) -> Response:
    response = forms.login_page(request, error.message, status=error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


routes = [
    Route("/auth/oidc", start, methods=["GET"]),
    Route("/auth/oidc/callback", finish, methods=["GET"]),
]
