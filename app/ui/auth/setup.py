"""The first visit to a new installation: whoever sits at its machine, or knows its code, becomes its administrator."""

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

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
LOCAL_ADDRESSES = {"127.0.0.1", "::1"}

log = structlog.get_logger()


def show_setup(request: Request) -> Response:
    with transaction() as db:
        if accounts.anybody_exists(db):
            return RedirectResponse("/auth/login", 303)
    return _page(request)


async def do_setup(request: Request) -> Response:
    form = await forms.sent(request)
    given = {name: str(form.get(name, "")) for name in ("name", "email", "password", "sample", "code")}
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
    with transaction() as db:
        if accounts.anybody_exists(db):
            raise accounts.AlreadySetUp
    if not _is_at_the_machine(request):
        accounts.check_setup_code(given["code"])
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


def _is_at_the_machine(request: Request) -> bool:
    """By address and by name: a proxy on this machine passes on the name that the world knows."""
    name = request.url.hostname or ""
    client = request.client.host if request.client else ""
    return name in LOCAL_NAMES and client in LOCAL_ADDRESSES


def _page(request: Request, text: str = "", status: int = 200, given: dict[str, str] | None = None) -> Response:
    given = given or {"name": "", "email": "", "sample": "yes"}
    offer = forms.fragment("sample", checked="checked" if given["sample"] else "")
    code = "" if _is_at_the_machine(request) else forms.fragment("setup_code", code=given.get("code", ""))
    values = {"notice_html": forms.notice(text, bad=True), "sample_html": offer, "code_html": code}
    shown = {"name": given["name"], "email": given["email"], "shortest": str(settings().password_min_length)}
    return forms.page(request, "setup", "Welcome", status=status, **values, **shown)


routes = [
    Route("/auth/setup", show_setup, methods=["GET"]),
    Route("/auth/setup", forms.small(do_setup), methods=["POST"]),
]
