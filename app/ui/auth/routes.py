"""All plain HTML pages. They stand before Streamlit's own /auth/login and /auth/logout."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.ui.auth import code, enrol, forms, invitation, login, logout, oidc, reset, setup, signup


def show_nothing(request: Request) -> Response:
    return forms.page(request, "gone", "Not found", status=404, text="There is no such address.")


def _file(name: str) -> Callable[[Request], Response]:
    def send(_request: Request) -> Response:
        return FileResponse(forms.HTML / name, headers={"Cache-Control": "max-age=3600"})

    return send


routes = [
    *login.routes,
    *code.routes,
    *enrol.routes,
    *logout.routes,
    *oidc.routes,
    *setup.routes,
    *signup.routes,
    *invitation.routes,
    *reset.routes,
    Route("/auth/signin.css", _file("signin.css")),
    Route("/auth/mark.svg", _file("mark.svg")),
    Route("/auth/{rest:path}", show_nothing),  # the last: it takes what no form above has taken
]
