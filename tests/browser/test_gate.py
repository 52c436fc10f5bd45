"""What only a real browser and a real Streamlit can show: who sees what, and when open tabs end."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.accounts.cookies import SESSION as COOKIE
from tests.browser.conftest import ADMIN, PATIENCE, sign_in
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
LOGIN = re.compile(r"/auth/login")
PASSWORD = "three unrelated words"


@contextmanager
def as_admin(product: Product) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=product.url, headers={"Origin": product.url}, timeout=120) as client:
        client.post("/auth/login", json={"email": ADMIN[0], "password": ADMIN[1]}).raise_for_status()
        yield client


def add_person(product: Product, email: str, role: str) -> Any:
    with as_admin(product) as client:
        new = {"email": email, "name": role.capitalize(), "password": PASSWORD, "role": role}
        return client.post("/api/v1/people", json=new).raise_for_status().json()


def new_address(name: str) -> str:
    """Nobody's yet, however often a test was run against this product."""
    return f"{name}-{uuid.uuid4().hex[:8]}@example.com"


def signed_in(product: Product, chromium: Browser, email: str) -> BrowserContext:
    """Without any page having been opened yet."""
    with httpx2.Client(base_url=product.url, timeout=120) as client:
        client.post("/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": COOKIE, "value": client.cookies[COOKIE], "url": product.url}])
        return context


def test_the_first_request_of_a_process_does_not_slip_past_the_roles(tmp_path: Path, chromium: Browser) -> None:
    """Until its script has run once, Streamlit serves files in `pages/` by themselves if they lie beside it."""
    product = Product(tmp_path, ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], WORKERS="0")
    product.wait_until_ready()
    try:
        add_person(product, "vic@example.com", "viewer")
        page = signed_in(product, chromium, "vic@example.com").new_page()
        page.goto(f"{product.url}/admin")
        expect(page.get_by_text("Sign out")).to_be_visible()
        expect(page.get_by_text("Page not found")).to_be_visible()
        assert "Audit trail" not in page.content()
        assert "Administration" not in page.content()
    finally:
        product.close()


def test_every_tab_of_somebody_who_is_deactivated_is_led_out(app_server: Product, chromium: Browser) -> None:
    max_ = new_address("max")
    person = add_person(app_server, max_, "member")
    context = signed_in(app_server, chromium, max_)
    tabs = [context.new_page(), context.new_page()]
    for tab, path in zip(tabs, ("/", "/settings"), strict=True):
        tab.goto(app_server.url + path)
        expect(tab.get_by_text("Sign out", exact=True)).to_be_visible()
    with as_admin(app_server) as client:
        client.patch(f"/api/v1/people/{person['id']}", json={"is_active": False}).raise_for_status()
    for tab in tabs:
        tab.wait_for_url(re.compile(r"/auth/login\?ended=1"))
    context.close()


def test_signing_out_leads_to_the_sign_in_and_back_shows_nothing(app_server: Product, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{app_server.url}/settings")
    page.wait_for_url("**/auth/login?next=/settings")
    page.get_by_label("Email").fill(ADMIN[0])
    page.get_by_label("Password").fill(ADMIN[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url(LOGIN)
    page.go_back()
    page.wait_for_url(LOGIN)
    context.close()


def test_no_page_breaks_the_security_policy(admin_page: Page, app_server: Product) -> None:
    broken: list[str] = []
    admin_page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    names = [path.stem for path in sorted((Path(__file__).resolve().parents[2] / "pages").glob("*.py"))]
    for name in names:
        admin_page.goto(f"{app_server.url}/{'' if name == 'home' else name}")
        expect(admin_page.locator("h1").first).to_be_visible()
        assert "Something went wrong" not in admin_page.content(), name
    admin_page.goto(f"{app_server.url}/api/v1/docs")
    expect(admin_page.get_by_text("accounts").first).to_be_visible()
    assert not broken


def test_a_second_sign_in_does_not_need_the_first(app_server: Product, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, app_server.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert page.evaluate("document.cookie").find(COOKIE) == -1
    context.close()
