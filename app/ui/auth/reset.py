"""A forgotten password: asking for a link, which says the same to everybody, and the form behind the link."""

from functools import partial

from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import limits
from app.accounts.cookies import RESET, drop_cookie, sent_cookie
from app.accounts.web import client_ip
from app.admissions import service as admissions
from app.core.db import transaction
from app.core.errors import AppError
from app.core.settings import settings
from app.deliveries import service as deliveries
from app.ui.auth import forms
from app.ui.auth.links import refused, take, unusable

TITLE, NEW_TITLE = "Forgot the password?", "Choose a new password"
NO_MAIL = "This installation sends no mail. Ask one of its administrators for a link to a new password."
ASKED = (
    "If somebody here has this address, a link to a new password is on its way to it. It works for 30 minutes."
    " Nothing came? Look into the folder for unwanted mail, and check how the address is spelled."
)


def show_request(request: Request) -> Response:
    return _request_page(request, text="", status=200)


async def do_request(request: Request) -> Response:
    return await run_in_threadpool(_request, request, await forms.sent(request))


def show_new_password(request: Request) -> Response:
    return _password_page(request, text="", status=200)


async def do_new_password(request: Request) -> Response:
    return await forms.in_turn(_choose, request, await forms.sent(request))


def _request(request: Request, form: FormData) -> Response:
    """The same steps whether or not somebody has the address: only a job looks."""
    email, ip = str(form.get("email", "")), client_ip(request)
    show = partial(_request_page, request, email=email)
    if not forms.is_genuine(request, form):
        return show(text=forms.STALE, status=403)
    try:
        with transaction() as db:
            limits.spend_reset(db, email, ip)
        with transaction() as db:
            admissions.request_reset(db, email, ip=ip)
    except AppError as error:
        return refused(show, error)
    return forms.page(request, "gone", "Look into your mail", text=ASKED)


def _choose(request: Request, form: FormData) -> Response:
    show = partial(_password_page, request)
    if not forms.is_genuine(request, form):
        return show(text=forms.STALE, status=403)
    token, password = sent_cookie(request, RESET) or "", SecretStr(str(form.get("password", "")))
    agent = request.headers.get("user-agent", "")
    try:
        with transaction() as db:
            outcome = admissions.choose_password(db, token, password, ip=client_ip(request), user_agent=agent)
    except admissions.LinkUnusable as error:
        return unusable(request, RESET, error, NEW_TITLE)
    except AppError as error:
        return refused(show, error)
    response = forms.let_in(request, outcome)
    drop_cookie(request, response, RESET)
    return response


def _request_page(request: Request, *, text: str, status: int, email: str = "") -> Response:
    with transaction() as db:
        if not deliveries.can_send_letters(db):
            return forms.page(request, "gone", TITLE, text=NO_MAIL)
    said = forms.notice(text, bad=True)
    return forms.page(request, "reset", TITLE, status=status, notice_html=said, email=email)


def _password_page(request: Request, *, text: str, status: int) -> Response:
    with transaction() as db:
        person = admissions.person_to_reset(db, sent_cookie(request, RESET) or "")
    if person is None:
        return unusable(request, RESET, admissions.ResetUnusable(), NEW_TITLE)
    shown = {"email": person.email, "shortest": str(settings().password_min_length)}
    said = forms.notice(text, bad=True)
    return forms.page(request, "new_password", NEW_TITLE, status=status, notice_html=said, **shown)


routes = [
    Route("/auth/reset", show_request, methods=["GET"]),
    Route("/auth/reset", forms.small(do_request), methods=["POST"]),
    Route("/auth/reset/{token}", take(RESET, "/auth/new-password"), methods=["GET"]),
    Route("/auth/new-password", show_new_password, methods=["GET"]),
    Route("/auth/new-password", forms.small(do_new_password), methods=["POST"]),
]
