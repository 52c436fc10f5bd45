"""The page that every address of the product starts from."""

import base64
import hashlib

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import Person
from app.ui.gate import Gate
from app.ui.shell import PAGES, WHERE, routes


def test_every_page_is_told_where_its_server_is_and_may_run_what_says_so(token: str) -> None:
    digest = base64.b64encode(hashlib.sha256(WHERE.encode()).digest()).decode()
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Gate)])) as client:
        client.cookies.set(COOKIE, token, domain="testserver.local")
        for page in PAGES.glob("*.py"):
            answer = client.get("/" if page.stem == "home" else f"/{page.stem}")
            assert answer.text.index(f"<script>{WHERE}</script>") < answer.text.index('<script type="module"')
            assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"


def test_nobody_gets_it_without_a_session(ann: Person) -> None:
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Gate)]), follow_redirects=False) as client:
        answer = client.get("/board", headers={"Accept": "text/html"})
        assert (answer.status_code, WHERE in answer.text) == (303, False)
        assert client.get("/board/_stcore/health", headers={"Accept": "*/*"}).status_code == 401
