"""Coming in and going out, as plain HTML outside of Streamlit: password managers work, nobody unknown runs a script."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from pydantic import SecretStr, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app import sample
from app.accounts import service as accounts
from app.accounts.asgi import error_answer
from app.accounts.schemas import PersonCreate
from app.accounts.web import COOKIE, client_ip
from app.core.db import transaction
from app.core.errors import AppError, NotSignedIn
from app.ui import forms

WRONG = "This e-mail and password do not fit together."
STALE = "This form was open for too long or came from another site. Please try again."
ENDED = "Your session has ended. Sign in to go on."
MAX_FORM = 64 * 1024

log = structlog.get_logger()


def show_login(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, request.cookies.get(COOKIE)):
            return RedirectResponse(forms.safe_next(request.query_params.get("next", "/")), 303)
        if not accounts.anybody_exists(db):
            return RedirectResponse("/auth/setup", 303)
    return _login_page(request, ENDED if "ended" in request.query_params else "", request.query_params.get("next", "/"))


async def do_login(request: Request) -> Response:
    """A form of ours, or JSON `{"email", "password"}` from a script: other sites can send neither."""
    if is_json := request.headers.get("content-type", "").startswith("application/json"):
        form: Any = await _json(request)
    else:
        form = await request.form(max_part_size=MAX_FORM)
        if not forms.is_genuine(request, form):
            return await run_in_threadpool(_login_page, request, STALE, str(form.get("next", "/")), 403)
    email, password = str(form.get("email", "")), SecretStr(str(form.get("password", "")))
    signed_in = await run_in_threadpool(_sign_in, request, email, password)
    if is_json:
        return _answer_json(request, signed_in)
    if signed_in is None:
        return _login_page(request, WRONG, str(form.get("next", "/")), 401, email=email)
    response = RedirectResponse(forms.safe_next(str(form.get("next", "/"))), 303)
    forms.remember(request, response, signed_in.token)
    return response


def show_logout(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, request.cookies.get(COOKIE)) is None:
            return RedirectResponse("/auth/login", 303)
    return forms.page(request, "logout", "Sign out")


async def do_logout(request: Request) -> Response:
    if not forms.is_genuine(request, await request.form(max_part_size=MAX_FORM)):
        return RedirectResponse("/auth/logout", 303)  # shows the form again, with a fresh token
    await run_in_threadpool(_sign_out, request)
    response = RedirectResponse("/auth/login", 303)
    forms.forget(request, response)
    return response


def show_setup(request: Request) -> Response:
    with transaction() as db:
        if accounts.anybody_exists(db):
            return RedirectResponse("/auth/login", 303)
    return _setup_page(request)


async def do_setup(request: Request) -> Response:
    form = await request.form(max_part_size=MAX_FORM)
    given = {name: str(form.get(name, "")) for name in ("name", "email", "password", "sample")}
    if not forms.is_genuine(request, form):
        return _setup_page(request, STALE, 403, given)
    try:
        token = await run_in_threadpool(_found, request, given)
    except accounts.AlreadySetUp:
        return RedirectResponse("/auth/login", 303)
    except AppError as error:
        return _setup_page(request, error.message, error.status, given)
    except ValidationError as error:
        return _setup_page(request, str(error.errors()[0]["msg"]).removeprefix("Value error, "), 422, given)
    response = RedirectResponse("/", 303)
    forms.remember(request, response, token)
    return response


def show_nothing(request: Request) -> Response:
    text = "There is no such address."
    return forms.page(request, "gone", "Not found", status=404, text=text)


def _sign_in(request: Request, email: str, password: SecretStr) -> Any:
    """A new token at each sign-in; the one that this browser had before is dead."""
    agent = request.headers.get("user-agent", "")
    with transaction() as db:
        signed_in = accounts.sign_in(db, email, password, ip=client_ip(request), user_agent=agent)
        if signed_in:
            accounts.sign_out(db, request.cookies.get(COOKIE), ip=client_ip(request))
        return signed_in


def _sign_out(request: Request) -> None:
    with transaction() as db:
        accounts.sign_out(db, request.cookies.get(COOKIE), ip=client_ip(request))


def _found(request: Request, given: dict[str, str]) -> str:
    """The first administrator is in even if the sample does not load."""
    new = PersonCreate(name=given["name"], email=given["email"], password=SecretStr(given["password"]))
    with transaction() as db:
        person = accounts.create_first_admin(db, new, ip=client_ip(request))
        agent = request.headers.get("user-agent", "")
        token = accounts.start_session(db, person, ip=client_ip(request), user_agent=agent)
        founder = accounts.actor_of(db, person.id)
    if given["sample"]:
        try:
            with transaction() as db:
                sample.load(db, founder)
        except Exception:
            log.exception("the sample workspace could not be loaded")
    return token


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _answer_json(request: Request, signed_in: Any) -> Response:
    if signed_in is None:
        return error_answer(request.scope, 401, NotSignedIn.__name__, WRONG)
    response = JSONResponse({"person": signed_in.person.model_dump(mode="json")})
    forms.remember(request, response, signed_in.token)
    return response


def _login_page(request: Request, text: str, wanted: str, status: int = 200, email: str = "") -> Response:
    said = forms.notice(text, bad=status != 200)
    values = {"notice_html": said, "next": forms.safe_next(wanted), "email": email}
    response = forms.page(request, "login", "Sign in", status=status, **values)
    if status == 200 and COOKIE in request.cookies:
        forms.forget(request, response)
    return response


def _setup_page(request: Request, text: str = "", status: int = 200, given: dict[str, str] | None = None) -> Response:
    given = given or {"name": "", "email": "", "sample": "yes"}
    offer = forms.fragment("sample", checked="checked" if given["sample"] else "")
    values = {"notice_html": forms.notice(text, bad=True), "sample_html": offer}
    shown = {"name": given["name"], "email": given["email"]}
    return forms.page(request, "setup", "Welcome", status=status, **values, **shown)


def _file(name: str) -> Callable[[Request], Response]:
    def send(_request: Request) -> Response:
        return FileResponse(forms.HTML / name, headers={"Cache-Control": "max-age=3600"})

    return send


def _small(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Nobody is known here yet, so nobody may make us read much."""

    async def checked(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_FORM:
            return forms.page(request, "gone", "Too large", status=413, text="This is larger than any form of ours.")
        return await answer(request)

    return checked


# They stand before Streamlit's own /auth/login and /auth/logout.
routes = [
    Route("/auth/login", show_login, methods=["GET"]),
    Route("/auth/login", _small(do_login), methods=["POST"]),
    Route("/auth/logout", show_logout, methods=["GET"]),
    Route("/auth/logout", _small(do_logout), methods=["POST"]),
    Route("/auth/setup", show_setup, methods=["GET"]),
    Route("/auth/setup", _small(do_setup), methods=["POST"]),
    Route("/auth/signin.css", _file("signin.css")),
    Route("/auth/mark.svg", _file("mark.svg")),
    Route("/auth/{rest:path}", show_nothing),
]
