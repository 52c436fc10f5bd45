"""The second proof, for who has one: a code of the authenticator app, or a recovery code."""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.cookies import DEVICE, sent_cookie
from app.accounts.schemas import SignedIn
from app.accounts.web import client_ip
from app.core.db import transaction
from app.core.errors import TooMany
from app.ui.auth import forms

WRONG = "This code is not right or was used already. Wait for the next one."


def show_code(request: Request) -> Response:
    if not forms.pending(request):
        return RedirectResponse("/auth/login", 303)
    return _page(request, request.query_params.get("next", "/"))


async def do_code(request: Request) -> Response:
    return await run_in_threadpool(_answer, request, await forms.sent(request))


def _answer(request: Request, form: FormData) -> Response:
    wanted = str(form.get("next", "/"))
    if not forms.is_genuine(request, form):
        return _page(request, wanted, forms.STALE, 403)
    try:
        signed_in = _give(request, str(form.get("code", "")))
    except accounts.SignInExpired as error:
        return forms.start_again(request, error)
    except TooMany as error:
        return forms.told_to_wait(_page(request, wanted, error.message, error.status), error)
    if signed_in is None:
        return _page(request, wanted, WRONG, 401)
    return forms.let_in(request, signed_in, wanted)


def _give(request: Request, code: str) -> SignedIn | None:
    token, agent, device = forms.pending(request), request.headers.get("user-agent", ""), sent_cookie(request, DEVICE)
    with transaction() as db:
        return accounts.give_code(db, token, code, ip=client_ip(request), user_agent=agent, device=device)


def _page(request: Request, wanted: str, text: str = "", status: int = 200) -> Response:
    values = {"notice_html": forms.notice(text, bad=True), "next": forms.safe_next(wanted)}
    return forms.page(request, "code", "Two-factor sign-in", status=status, **values)


routes = [
    Route("/auth/code", show_code, methods=["GET"]),
    Route("/auth/code", forms.small(do_code), methods=["POST"]),
]
