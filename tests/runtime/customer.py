"""Somebody who uses a running product over HTTP only: signs in by the form, makes a key, calls the API."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from tests.runtime.product import Product

ADMIN = {"ADMIN_EMAIL": "ann@example.com", "ADMIN_PASSWORD": "correct horse battery staple"}
T = TypeVar("T")


def signed_in(product: Product) -> httpx.Client:
    """A client with a key of the first administrator, who was made from the settings in ADMIN."""
    url = f"http://127.0.0.1:{product.port}"
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=120) as browser:
        form = browser.get("/auth/login").text
        token = re.search(r'name="?csrf"? value="([^"]+)"', form)
        assert token, form
        given = {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"], "csrf": token.group(1)}
        assert browser.post("/auth/login", data=given).status_code == 303
        key = browser.post("/api/v1/keys", json={"name": "tests", "scopes": ["admin"]})
        assert key.status_code == 201, key.text
    authorization = {"Authorization": f"Bearer {key.json()['key']}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=authorization, timeout=120)


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(client: httpx.Client, path: str, body: Any = None, status: int = 201) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def wait_until(found: Callable[[], T], seconds: float = 300) -> T:
    """The first true answer."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"still {answer!r} after {seconds} s"
        time.sleep(0.1)
    return answer
