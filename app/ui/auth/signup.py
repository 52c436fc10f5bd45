"""An account that somebody makes for themselves, where SIGNUP is open; else a page that says how to get one."""

from functools import partial

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.accounts import limits
from app.accounts import service as accounts
from app.accounts.cookies import session_token
from app.accounts.web import client_ip
from app.admissions import service as admissions
from app.admissions.schemas import SignUp
from app.core.db import transaction
from app.core.errors import AppError
from app.core.settings import settings
from app.ui.auth import forms
from app.ui.auth.links import refused
from app.ui.headers import form_policy_with

TITLE = "Make an account"
HOW = {
    "invite": "People come in here by invitation. Ask an administrator of this installation to send you one by mail.",
    "closed": "Accounts are made by the administrators of this installation. Ask one of them.",
}


def show_sign_up(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, session_token(request)):
            return RedirectResponse("/", 303)
        if not accounts.anybody_exists(db):
            return RedirectResponse("/auth/setup", 303)
    return _page(request, text="", status=200)


async def do_sign_up(request: Request) -> Response:
    return await forms.in_turn(_sign_up, request, await forms.sent(request))


def _sign_up(request: Request, form: FormData) -> Response:
    given = {name: str(form.get(name, "")) for name in ("name", "email", "job_title", "password")}
    show = partial(_page, request, given=given)
    if not forms.is_genuine(request, form):
        return show(text=forms.STALE, status=403)
    ip, agent = client_ip(request), request.headers.get("user-agent", "")
    try:
        new = SignUp.model_validate(given)
        with transaction() as db:
            limits.spend_sign_up(db, ip)
        admissions.check_captcha(_captcha_answer(form))
        with transaction() as db:
            outcome = admissions.sign_up(db, new, ip=ip, user_agent=agent)
    except (AppError, ValidationError) as error:
        return refused(show, error)
    return forms.let_in(request, outcome)


def _page(request: Request, *, text: str, status: int, given: dict[str, str] | None = None) -> Response:
    if not admissions.sign_up_open():
        return forms.page(request, "gone", TITLE, status=status, text=HOW[settings().signup])
    given = given or {"name": "", "email": "", "job_title": ""}
    shown = {name: given[name] for name in ("name", "email", "job_title")}
    shortest = str(settings().password_min_length)
    said = forms.notice(text, bad=True)
    widget = admissions.captcha()
    shown["captcha_html"] = _captcha_html(widget)
    response = forms.page(request, "signup", TITLE, status=status, notice_html=said, shortest=shortest, **shown)
    if widget:
        response.headers["Content-Security-Policy"] = form_policy_with(widget.hosts)
        response.headers["Referrer-Policy"] = "strict-origin"  # a widget counts only on the host it is registered for
    return response


def _captcha_html(widget: admissions.Captcha | None) -> str:
    if widget is None:
        return ""
    key = settings().captcha_site_key
    return forms.fragment("captcha", css_class=widget.css_class, site_key=key, script=widget.script)


def _captcha_answer(form: FormData) -> str:
    widget = admissions.captcha()
    return str(form.get(widget.field, "")) if widget else ""


routes = [
    Route("/auth/signup", show_sign_up, methods=["GET"]),
    Route("/auth/signup", forms.small(do_sign_up), methods=["POST"]),
]
