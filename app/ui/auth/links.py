"""What a link in a mail leads to: its secret moves from the address into a cookie at once, and nothing else happens.

So the secret is in no Referer, no history that is shown, and no answer; and a program that opens each link of a mail to
look for dangers uses nothing up.
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.accounts.cookies import drop_cookie, set_cookie
from app.admissions import service as admissions
from app.core.errors import AppError, TooMany
from app.ui.auth import forms

TOKEN = re.compile(r"[\w-]{20,100}", re.ASCII)
OPEN_SECONDS = 1800


def take(cookie: str, following: str) -> Callable[[Request], Response]:
    def keep_and_go_on(request: Request) -> Response:
        response = RedirectResponse(following, 303)
        if TOKEN.fullmatch(token := request.path_params["token"]):
            # "strict" would not survive the way from the mail program's own page
            set_cookie(request, response, cookie, token, samesite="lax", max_age=OPEN_SECONDS)
        response.headers.update({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
        return response

    return keep_and_go_on


def unusable(request: Request, cookie: str, error: admissions.LinkUnusable, title: str) -> Response:
    response = forms.page(request, "gone", title, status=error.status, text=error.message)
    drop_cookie(request, response, cookie)
    return response


def refused(show: Callable[..., Response], error: Exception, **values: Any) -> Response:
    """The form once more, with what is wrong above it. Raises what is not the person's to mend."""
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        text = f"{str(problem['loc'][0]).capitalize()}: {problem['msg'].removeprefix('Value error, ')}"
        return show(text=text, status=422, **values)
    if not isinstance(error, AppError):
        raise error
    response = show(text=error.message, status=error.status, **values)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
