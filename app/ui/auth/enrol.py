"""The second proof, for who must have one and has none yet. There is no session before it is set up."""

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.schemas import Enrolled
from app.accounts.web import client_ip
from app.core.db import transaction
from app.core.errors import AppError
from app.ui.auth import forms
from app.ui.qr import qr_svg

WRONG = "This code is not right. Enter the one that the app shows now, and check that your phone's time is right."


def show_enrol(request: Request) -> Response:
    try:
        return _page(request, request.query_params.get("next", "/"))
    except accounts.SignInExpired as error:
        return forms.start_again(request, error)


async def do_enrol(request: Request) -> Response:
    return await run_in_threadpool(_answer, request, await forms.sent(request))


def _answer(request: Request, form: FormData) -> Response:
    wanted = str(form.get("next", "/"))
    try:
        if not forms.is_genuine(request, form):
            return _page(request, wanted, forms.STALE, 403)
        enrolled = _finish(request, str(form.get("code", "")))
        return _codes(request, enrolled, wanted) if enrolled else _page(request, wanted, WRONG, 401)
    except accounts.SignInExpired as error:
        return forms.start_again(request, error)
    except AppError as error:
        return forms.told_to_wait(_page(request, wanted, error.message, error.status), error)


def _finish(request: Request, code: str) -> Enrolled | None:
    token, agent = forms.pending(request), request.headers.get("user-agent", "")
    with transaction() as db:
        return accounts.finish_enrolment(db, token, code, ip=client_ip(request), user_agent=agent)


def _codes(request: Request, enrolled: Enrolled, wanted: str) -> Response:
    rows = "".join(f"<li>{escape(code)}</li>" for code in enrolled.recovery_codes)
    response = forms.page(request, "codes", "Recovery codes", codes_html=rows, next=forms.safe_next(wanted))
    return forms.signed_in(request, response, enrolled.signed_in)


def _page(request: Request, wanted: str, text: str = "", status: int = 200) -> Response:
    with transaction() as db:
        offer = accounts.enrolment(db, forms.pending(request))
    values = {
        "notice_html": forms.notice(text, bad=True),
        "next": forms.safe_next(wanted),
        "qr_html": qr_svg(offer.uri, title="QR code for your authenticator app"),
        "secret": " ".join(offer.secret[start : start + 4] for start in range(0, len(offer.secret), 4)),
    }
    return forms.page(request, "enrol", "Set up two-factor sign-in", status=status, **values)


routes = [
    Route("/auth/enrol", show_enrol, methods=["GET"]),
    Route("/auth/enrol", forms.small(do_enrol), methods=["POST"]),
]
