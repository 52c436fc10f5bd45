"""A session that nobody uses ends in the open tab, too; one whose owner says so lives on."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ADMIN, sign_in
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
TIMEOUT = 60  # the shortest that settings allow


def signed_in(chromium: Browser, url: str) -> Page:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(page, url)
    return page


def open_together(url: str, *pages: Page) -> None:
    """Their time starts with these requests, so neither may have to wait until the other is drawn."""
    for page in pages:
        page.goto(f"{url}/settings?tab=Sessions", wait_until="commit")
    for page in pages:
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_an_idle_tab_is_led_out_and_back_and_an_extended_one_stays(tmp_path: Path, chromium: Browser) -> None:
    product = Product(
        tmp_path, ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], SESSION_TIMEOUT=str(TIMEOUT), WORKERS="0"
    )
    product.wait_until_ready()
    try:
        extended, idle = signed_in(chromium, product.url), signed_in(chromium, product.url)
        opened = time.monotonic()
        open_together(product.url, extended, idle)
        expect(extended.get_by_text("You will be signed out")).to_be_visible()
        assert time.monotonic() - opened > TIMEOUT / 2  # not from the start
        extended.get_by_role("button", name="Extend").click()
        expect(extended.get_by_text("You will be signed out")).to_have_count(0)
        idle.wait_for_url("**/auth/login?ended=1**")
        assert time.monotonic() - opened > TIMEOUT * 0.8  # what somebody does counts each few seconds
        expect(extended.get_by_role("heading", name="Settings")).to_be_visible()
        assert "/settings" in extended.url
        idle.get_by_label("Email").fill(ADMIN[0])
        idle.get_by_label("Password").fill(ADMIN[1])
        idle.get_by_role("button", name="Sign in").click()
        idle.wait_for_url(f"{product.url}/settings?tab=Sessions")
    finally:
        product.close()
