"""The first visit to a new installation: whoever comes first becomes its administrator."""

import structlog
from pydantic import SecretStr, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import sample
from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.accounts.web import client_ip
from app.core.db import transaction
from app.core.errors import AppError
from app.core.settings import settings
from app.ui.auth import forms

log = structlog.get_logger()


def show_setup(request: Request) -> Response:
    with transaction() as db:
        if accounts.anybody_exists(db):
            return RedirectResponse("/auth/login", 303)
    return _page(request)


async def do_setup(request: Request) -> Response:
    form = await forms.sent(request)
    given = {name: str(form.get(name, "")) for name in ("name", "email", "password", "sample")}
    if not forms.is_genuine(request, form):
        return _page(request, forms.STALE, 403, given)
    try:
        return await forms.in_turn(_found, request, given)
    except accounts.AlreadySetUp:
        return RedirectResponse("/auth/login", 303)
    except AppError as error:
        return _page(request, error.message, error.status, given)
    except ValidationError as error:
        return _page(request, str(error.errors()[0]["msg"]).removeprefix("Value error, "), 422, given)


def _found(request: Request, given: dict[str, str]) -> Response:
    """The first administrator is in even if the sample does not load."""
    new = PersonCreate(name=given["name"], email=given["email"], password=SecretStr(given["password"]))
    with transaction() as db:
        person = accounts.create_first_admin(db, new, ip=client_ip(request))
        agent = request.headers.get("user-agent", "")
        outcome = accounts.begin_sign_in(db, person.id, ip=client_ip(request), user_agent=agent)
        founder = accounts.actor_of(db, person.id)
    if given["sample"]:
        try:
            with transaction() as db:
                sample.load(db, founder)
        except Exception:
            log.exception("the sample workspace could not be loaded")
    return forms.let_in(request, outcome)


def _page(request: Request, text: str = "", status: int = 200, given: dict[str, str] | None = None) -> Response:
    given = given or {"name": "", "email": "", "sample": "yes"}
    offer = forms.fragment("sample", checked="checked" if given["sample"] else "")
    values = {"notice_html": forms.notice(text, bad=True), "sample_html": offer}
    shown = {"name": given["name"], "email": given["email"], "shortest": str(settings().password_min_length)}
    return forms.page(request, "setup", "Welcome", status=status, **values, **shown)


routes = [
    Route("/auth/setup", show_setup, methods=["GET"]),
    Route("/auth/setup", forms.small(do_setup), methods=["POST"]),
]
