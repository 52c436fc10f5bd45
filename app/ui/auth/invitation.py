"""The form behind an invitation: a name and a password, and one is in."""

from functools import partial

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.cookies import INVITATION, drop_cookie, sent_cookie
from app.accounts.web import client_ip
from app.admissions import service as admissions
from app.admissions.schemas import Acceptance
from app.core.db import transaction
from app.core.errors import AppError
from app.core.settings import settings
from app.ui.auth import forms
from app.ui.auth.links import refused, take, unusable

TITLE = "Your invitation"


def show_invitation(request: Request) -> Response:
    return _page(request, text="", status=200)


async def do_accept(request: Request) -> Response:
    return await forms.in_turn(_accept, request, await forms.sent(request))


def _accept(request: Request, form: FormData) -> Response:
    given = {name: str(form.get(name, "")) for name in ("name", "job_title", "password")}
    show = partial(_page, request, given=given)
    if not forms.is_genuine(request, form):
        return show(text=forms.STALE, status=403)
    agent = request.headers.get("user-agent", "")
    try:
        with transaction() as db:
            acceptance = Acceptance.model_validate(given)
            outcome = admissions.accept_invitation(
                db, sent_cookie(request, INVITATION) or "", acceptance, ip=client_ip(request), user_agent=agent
            )
    except admissions.LinkUnusable as error:
        return unusable(request, INVITATION, error, TITLE)
    except (AppError, ValidationError) as error:
        return refused(show, error)
    response = forms.let_in(request, outcome)
    drop_cookie(request, response, INVITATION)
    return response


def _page(request: Request, *, text: str, status: int, given: dict[str, str] | None = None) -> Response:
    with transaction() as db:
        found = admissions.open_invitation(db, sent_cookie(request, INVITATION) or "")
    if found is None:
        return unusable(request, INVITATION, admissions.InvitationUnusable(), TITLE)
    given = given or {"name": "", "job_title": ""}
    shown = {"email": found.email, "name": given["name"], "job_title": given["job_title"]}
    shortest = str(settings().password_min_length)
    said = forms.notice(text, bad=True)
    return forms.page(request, "invitation", TITLE, status=status, notice_html=said, shortest=shortest, **shown)


routes = [
    Route("/auth/invitation", show_invitation, methods=["GET"]),
    Route("/auth/invitation", forms.small(do_accept), methods=["POST"]),
    Route("/auth/invitation/{token}", take(INVITATION, "/auth/invitation"), methods=["GET"]),
]
