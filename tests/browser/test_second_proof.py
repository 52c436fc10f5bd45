"""Two-factor sign-in as people meet it: set up in the settings, asked for at the door, required by an administrator."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, sign_in
from tests.browser.screens import enter, settled
from tests.browser.test_accessibility import DESK, PHONE, findings, sideways
from tests.browser.test_gate import PASSWORD, add_person, as_admin, new_address
from tests.runtime.product import Product

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=DESK, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert not broken


def begin(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/auth/login?next=/board")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def check_reading(page: Page) -> None:
    """For everybody, by day and by night, on a desk and on a phone."""
    grave = findings(page, "light") + findings(page, "dark", runOnly=["color-contrast"])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    settled(page)
    assert (grave, sideways(page)) == ([], [])
    page.set_viewport_size(DESK)  # type: ignore[arg-type]


def set_up(page: Page, url: str) -> list[str]:
    """In the settings of somebody who is signed in; the answer are the recovery codes."""
    page.goto(f"{url}/settings?tab=Security")
    page.get_by_role("button", name="Set up two-factor sign-in").click()
    for password in ("not mine", PASSWORD):
        enter(page.get_by_role("textbox", name="Your password"), password)
        if password != PASSWORD:
            expect(page.get_by_text("This is not your password. Nothing was changed.")).to_be_visible()
    expect(page.get_by_text("Scan this")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    check_reading(page)
    secret = page.get_by_test_id("stCode").inner_text().strip()
    enter(page.get_by_role("textbox", name="Code"), pyotp.TOTP(secret).now())
    expect(page.get_by_text("Keep your recovery codes")).to_be_visible()
    expect(page.get_by_text("Enter the six digits")).to_have_count(0)  # nor stands the key in place of the codes
    codes = page.get_by_test_id("stCode").inner_text().split()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("Two-factor sign-in is on")).to_be_visible()
    return codes


def test_who_has_set_it_up_is_asked_for_a_code(app_server: Product, page: Page) -> None:
    tina = new_address("tina")
    add_person(app_server, tina, "author")
    sign_in(page, app_server.url, (tina, PASSWORD))
    codes = set_up(page, app_server.url)
    page.context.clear_cookies()
    begin(page, app_server.url, tina)
    page.wait_for_url("**/auth/code?next=/board")
    check_reading(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{app_server.url}/board")
    page.goto(f"{app_server.url}/settings?tab=Security")
    expect(page.get_by_text("9 of 10 recovery codes are left.")).to_be_visible()


def test_who_must_have_it_sets_it_up_at_the_door(app_server: Product, page: Page) -> None:
    enya = new_address("enya")
    add_person(app_server, enya, "viewer")
    with as_admin(app_server) as client:
        client.patch("/api/v1/policy", json={"two_factor_from": "viewer"}).raise_for_status()
        try:
            begin(page, app_server.url, enya)
            page.wait_for_url("**/auth/enrol?next=/board")
            page.get_by_text("Or type it in").click()
            check_reading(page)
            secret = page.locator("code").inner_text().replace(" ", "")
            page.get_by_label("Enter the six digits").fill(pyotp.TOTP(secret).now())
            page.get_by_role("button", name="Turn on and sign in").click()
            expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
            check_reading(page)
            page.get_by_role("link", name="I have kept them").click()
            page.wait_for_url(f"{app_server.url}/board")
        finally:
            client.patch("/api/v1/policy", json={"two_factor_from": None}).raise_for_status()
