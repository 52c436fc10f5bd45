"""Going out, after a question: a link alone signs nobody out."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.accounts import service as accounts
from app.accounts.cookies import session_token
from app.accounts.web import client_ip
from app.core.db import transaction
from app.ui.auth import forms


def show_logout(request: Request) -> Response:
    with transaction() as db:
        if accounts.actor_of_session(db, session_token(request)) is None:
            return RedirectResponse("/auth/login", 303)
    return forms.page(request, "logout", "Sign out")


async def do_logout(request: Request) -> Response:
    if not forms.is_genuine(request, await forms.sent(request)):
        return RedirectResponse("/auth/logout", 303)  # shows the form again, with a fresh token
    await run_in_threadpool(_sign_out, request)
    response = RedirectResponse("/auth/login", 303)
    forms.forget(request, response)
    return response


def _sign_out(request: Request) -> None:
    with transaction() as db:
        accounts.sign_out(db, session_token(request), ip=client_ip(request))


routes = [
    Route("/auth/logout", show_logout, methods=["GET"]),
    Route("/auth/logout", forms.small(do_logout), methods=["POST"]),
]
