"""Every answer of the whole product, over the wire: what browsers are told, whoever asks and however it ends."""

import base64
import os
import re
import socket
from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

import httpx2
import pytest
from starlette.routing import Route

from app.api import api
from app.server import routes
from tests.runtime.product import Product

WHO = ("admin@example.com", "correct horse battery staple")
NOBODY, PERSON = "nobody", "person"
PAGES = ["/", "/board", "/admin", "/nothing/here", "/?next=//evil.example", "/..%2f..%2fetc/passwd", "/%00"]
STREAMLIT = ["/_stcore/health", "/_stcore/host-config", "/media/none.png", "/component/a/b.html", "/static/none.js",
             "/_stcore/upload_file/x/y", "/_stcore/stream", "/favicon.png", "/_stcore/script-health-check"]  # fmt: skip
OTHERS = ["/api/v2/me", "/api/v1/none", "/api/v1/openapi.json", "/api/v1/docs", "/auth/none", "/health/none"]
# Whoever asks for these gets what everybody may see; they may be kept by a cache.
PUBLIC = re.compile(r"^/(auth/(signin\.css|mark\.svg|[a-z_-]+\.js)|static/|favicon|_stcore/|component/|health|media/)")


class Case(NamedTuple):
    method: str
    path: str
    who: str = NOBODY
    json: object = None
    origin: str = ""
    body: bytes | None = None


def filled(path: str) -> str:
    known = {"format": "json", "name": "x", "dataset": "x", "row_id": "1.1", "batch_id": "1", "number": "1"}
    return re.sub(r"{(\w+)(:\w+)?}", lambda part: known.get(part[1], str(uuid4())), path)


def reads() -> list[str]:
    """All addresses that can be asked for."""
    ours = [filled(one.path) for one in routes() if isinstance(one, Route) and "GET" in (one.methods or [])]
    of_the_api = [filled(f"/api/v1{path}") for path, methods in api.openapi()["paths"].items() if "get" in methods]
    return [*PAGES, *STREAMLIT, *OTHERS, *ours, *of_the_api]


def cases() -> list[Case]:
    large, elsewhere = b"x" * (9 << 20), "https://evil.example"
    own = [Case("GET", path, who) for path in reads() for who in (NOBODY, PERSON)]
    forms = [one.path for one in routes() if isinstance(one, Route) and "POST" in (one.methods or [])]
    return [
        *own,
        *(Case("POST", filled(path)) for path in forms),
        *(Case("POST", filled(path), body=large[: 1 << 18]) for path in forms),
        Case("POST", "/api/v1/boards", PERSON, {"name": 7}),
        Case("POST", "/api/v1/boards", PERSON, {"name": "From elsewhere"}, elsewhere),
        Case("POST", "/api/v1/boards", PERSON, body=large),
        Case("PUT", "/api/v1/me", PERSON),
        Case("TRACE", "/api/v1/me", PERSON),
        Case("DELETE", "/auth/login"),
        Case("HEAD", "/"),
        Case("OPTIONS", "/api/v1/me", origin=elsewhere),
    ]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(
        tmp_path_factory.mktemp("headers"),
        ADMIN_EMAIL=WHO[0],
        ADMIN_PASSWORD=WHO[1],
        PUBLIC_URL="https://reports.example.com",
        LOG_LEVEL="WARNING",
        WORKERS="0",
        RATE_LIMIT_PER_MINUTE="100000",
    )
    started.wait_until_ready()
    yield started
    started.close()


def problems(case: Case, answer: httpx2.Response) -> list[str]:
    """What is missing in the headers of this answer."""
    found = answer.headers
    policy = dict(
        part.strip().split(" ", 1)
        for part in found.get("content-security-policy", "").split(";")
        if " " in part.strip()
    )
    scripts = policy.get("script-src", policy.get("default-src", "missing"))
    rules = {
        "scripts": "'unsafe-inline'" not in scripts and "'unsafe-eval'" not in scripts and scripts != "missing",
        "objects": "'none'" in policy.get("object-src", policy.get("default-src", "")),
        # Streamlit works out its own addresses from <base>; nobody can write one into its page.
        "base": policy.get("base-uri") in ("'none'", "'self'"),
        "frames": policy.get("frame-ancestors") in ("'none'", "'self'"),
        "types": found.get("x-content-type-options") == "nosniff",
        "referrer": found.get("referrer-policy") in ("same-origin", "no-referrer"),
        "https only": "max-age=31536000" in found.get("strict-transport-security", ""),
        "not kept": bool(PUBLIC.match(case.path)) or "no-store" in found.get("cache-control", "") or not answer.content,
        "no other origin": "access-control-allow-origin" not in found or case.path.startswith(("/_stcore", "/media")),
        "our own name": "server" not in found and "x-powered-by" not in found,
    }
    return [name for name, holds in rules.items() if not holds]


def wrong_cookies(answer: httpx2.Response) -> list[str]:
    """A cookie that other sites, scripts, plain http or a sibling of our domain could read or write."""
    return [one for one in answer.headers.get_list("set-cookie") if not is_safe_cookie(one.lower())]


def is_safe_cookie(cookie: str) -> bool:
    if cookie.startswith("_streamlit_xsrf="):  # its page has to read it: what a form says must equal it
        return "; secure" in cookie and "; samesite=" in cookie
    flags = all(flag in cookie for flag in ("; secure", "; httponly", "; samesite="))
    return flags and cookie.startswith(("__host-", "__secure-")) and not re.search("domain=|samesite=none", cookie)


def handshake(product: Product, origin: str, cookie: str) -> int:
    """The status that somebody gets who asks for the websocket of the pages."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: 127.0.0.1:{product.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: streamlit",
        f"Sec-WebSocket-Key: {key}",
        f"Origin: {origin}",
        f"Cookie: {cookie}",
    ]
    with socket.create_connection(("127.0.0.1", product.port), timeout=120) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.recv(1024).split(b" ")[1])


def sign_in(client: httpx2.Client) -> str:
    """Cookies as a browser sends them back."""
    answer = client.post("/auth/login", json={"email": WHO[0], "password": WHO[1]}).raise_for_status()
    client.cookies.clear()
    return "; ".join(one.split(";")[0] for one in answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_page_of_somebody_else_gets_no_websocket_even_with_our_cookies(product: Product, origin: str) -> None:
    with httpx2.Client(base_url=product.url, timeout=120) as client:
        cookies = sign_in(client)
    plain = cookies.replace("__Host-", "")
    assert handshake(product, origin, cookies) == 403
    assert handshake(product, origin, plain) == 403
    assert handshake(product, origin, "") == 403


def test_every_answer_tells_browsers_what_not_to_do(product: Product) -> None:
    secure = {"X-Forwarded-Proto": "https", "Accept": "text/html"}
    with httpx2.Client(base_url=product.url, headers=secure, timeout=120) as client:
        tokens = sign_in(client)
        failed, seen = {}, set()
        for case in cases():
            origin = {"Origin": case.origin or f"https://127.0.0.1:{product.port}"}
            cookies = {"Cookie": tokens} if case.who == PERSON else {}
            answer = client.request(
                case.method, case.path, json=case.json, content=case.body, headers={**origin, **cookies}
            )
            client.cookies.clear()
            seen.add(answer.status_code)
            if wrong := problems(case, answer) + wrong_cookies(answer):
                failed[f"{case.method} {case.path} as {case.who}: {answer.status_code}"] = wrong
    assert failed == {}
    assert {200, 303, 401, 403, 404, 405, 413, 422} <= seen
