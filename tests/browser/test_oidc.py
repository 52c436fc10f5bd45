"""Signing in with another provider in a real browser: over two sites, under our content policy and cookie rules."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ADMIN, PATIENCE
from tests.oidc_provider import Provider
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
NAME = "Acme ID"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """On `localhost`: another site than 127.0.0.1, as a browser sees it."""
    made = Provider("localhost")
    made.person |= {"email": ADMIN[0], "name": "Admin"}
    yield made
    made.close()


@pytest.fixture
def page(tmp_path: Path, provider: Provider, chromium: Browser) -> Iterator[Page]:
    settings = {"ADMIN_EMAIL": ADMIN[0], "ADMIN_PASSWORD": ADMIN[1], "OIDC_NAME": NAME, "WORKERS": "0"}
    product = Product(tmp_path, **settings, **provider.settings())
    product.wait_until_ready()
    context = chromium.new_context(base_url=product.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
    product.close()


def test_from_a_page_to_the_provider_and_back_to_that_page(page: Page, provider: Provider) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/settings?tab=Security")
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    page.wait_for_url(re.compile(re.escape(provider.issuer)))
    page.get_by_role("button", name="Yes, it is me").click()
    page.wait_for_url("**/settings?tab=Security")
    expect(page.get_by_text(f"Signing in with {NAME}")).to_be_visible()
    expect(page.get_by_text(ADMIN[0]).last).to_be_visible()
    assert not [text for text in said if "Content Security Policy" in text]

    page.get_by_role("button", name="Unlink").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(ADMIN[1])
    dialog.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("Not linked yet.")).to_be_visible()
    assert "code=" not in page.url
