"""A real product and a real browser. Where no Chromium is found the tests are skipped with a reason, never in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.runtime.product import Product

PATIENCE = 120_000  # a loaded machine is slow, not wrong
expect.set_options(timeout=PATIENCE)

ADMIN = ("admin@example.com", "correct horse battery staple")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Shared by the tests of single pages; signed in by `admin_page`."""
    product = Product(
        tmp_path_factory.mktemp("product"), ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], LOG_LEVEL="WARNING"
    )
    product.wait_until_ready()
    yield product
    product.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """No longer than a module: Playwright keeps an event loop running, in which other tests cannot start theirs."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: CI must have one")
        pytest.skip("no Chromium found: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def sign_in(page: Page, url: str, who: tuple[str, str] = ADMIN) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}/auth/login")
    page.get_by_label("Email").fill(who[0])
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/auth/" not in address)


@pytest.fixture
def admin_page(app_server: Product, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    sign_in(page, app_server.url)
    yield page
    context.close()
