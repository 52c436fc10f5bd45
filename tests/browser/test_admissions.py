"""Somebody is invited, comes in, forgets the password and gets a new one: with a real mail server and two browsers."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.board_page import FETCH
from tests.browser.conftest import ADMIN, PATIENCE, sign_in
from tests.browser.screens import choose_row
from tests.runtime.product import Product
from tests.smtp_server import PASSWORD, USERNAME, Authority, Mailbox, good_server

pytestmark = pytest.mark.browser
BEN, BENS_PASSWORD, BENS_NEXT = "ben@example.com", "three quite unrelated words", "four other unrelated words"


class Stage(NamedTuple):
    product: Product
    url: str
    admin: Page
    ben: Page


@pytest.fixture
def stage(tmp_path: Path, chromium: Browser) -> Iterator[Stage]:
    """An installation without a mail account, its administrator, and somebody who has never been there."""
    product = Product(tmp_path, ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], LOG_LEVEL="DEBUG")
    product.wait_until_ready()
    pages = [chromium.new_context(locale="en-GB", timezone_id="UTC").new_page() for _ in range(2)]
    for page in pages:
        page.set_default_timeout(PATIENCE)
    try:
        sign_in(pages[0], product.url)
        yield Stage(product, product.url, *pages)
    finally:
        for page in pages:
            page.context.close()
        product.close()


def make_mail_account(page: Page, port: int, authority: Authority) -> None:
    account = {
        "name": "Relay",
        "host": "localhost",
        "port": port,
        "username": USERNAME,
        "password": PASSWORD,
        "from_address": "autoreport@example.com",
        "ca_pem": authority.pem,
    }
    made = page.evaluate(FETCH, ["POST", "/smtp-accounts", account])
    assert made["is_system"]


def link_in(mailbox: Mailbox, number: int) -> str:
    """Of the letter with this number, which a worker is about to send."""
    end = time.monotonic() + 120
    while len(mailbox.contents) <= number:
        assert time.monotonic() < end, "no letter came"
        time.sleep(0.1)
    found = re.search(rb"http://\S+/auth/(?:invitation|reset)/[\w-]+", mailbox.contents[number].replace(b"=\r\n", b""))
    assert found
    return found[0].decode()


def invite(page: Page, url: str) -> None:
    page.goto(f"{url}/admin?tab=Invitations")
    page.get_by_role("button", name="Invite a person").click()
    page.get_by_role("dialog").get_by_label("Email").fill(BEN)
    page.get_by_role("button", name="Make the link").click()


def test_from_an_invitation_to_a_new_password(stage: Stage) -> None:
    authority = Authority()
    invite(stage.admin, stage.url)
    expect(stage.admin.get_by_test_id("stCode")).to_contain_text("/auth/invitation/")
    by_hand = stage.admin.get_by_test_id("stCode").inner_text().strip()
    stage.admin.get_by_role("button", name="I have passed it on").click()
    expect(stage.admin.get_by_test_id("stCode")).to_have_count(0)
    with good_server(authority) as (mailbox, port):
        make_mail_account(stage.admin, port, authority)
        choose_row(stage.admin.get_by_test_id("stDataFrame"), 1, BEN)
        stage.admin.get_by_role("button", name="Send again").click()
        expect(stage.admin.get_by_text("is invited again")).to_be_visible()
        stage.ben.goto(by_hand)
        expect(stage.ben.get_by_text("was used already, was revoked, or has expired")).to_be_visible()
        accept(stage, link_in(mailbox, 0))
        reset(stage, mailbox)
        tokens = [link.rpartition("/")[2] for link in (by_hand, link_in(mailbox, 0), link_in(mailbox, 1))]
    figures = stage.admin.request.get(f"{stage.url}/metrics").text()
    for said in (figures, stage.product.log):
        assert "/auth/invitation/{token}" in said  # the address is counted and logged, its secret is not
        assert not [token for token in tokens if token in said]


def accept(stage: Stage, link: str) -> None:
    stage.ben.goto(link)
    assert stage.ben.url == f"{stage.url}/auth/invitation"
    expect(stage.ben.get_by_label("Email")).to_have_value(BEN)
    stage.ben.get_by_label("Your name").fill("Ben")
    stage.ben.get_by_label("Password").fill(BENS_PASSWORD)
    stage.ben.get_by_role("button", name="Accept the invitation").click()
    expect(stage.ben.get_by_role("heading", name="Home")).to_be_visible()


def reset(stage: Stage, mailbox: Mailbox) -> None:
    """In another browser: the one that was signed in is sent to the sign-in."""
    other = stage.admin
    other.context.clear_cookies()
    other.goto(f"{stage.url}/auth/login")
    other.get_by_role("link", name="Forgot the password?").click()
    other.get_by_label("Email").fill(BEN)
    other.get_by_role("button", name="Send the link").click()
    expect(other.get_by_text("a link to a new password is on its way")).to_be_visible()
    link = link_in(mailbox, 1)
    other.goto(link)
    assert other.url == f"{stage.url}/auth/new-password"
    other.get_by_label("New password").fill(BENS_NEXT)
    other.get_by_role("button", name="Save and sign in").click()
    expect(other.get_by_role("heading", name="Home")).to_be_visible()
    stage.ben.wait_for_url("**/auth/login?ended=1")
    stage.ben.goto(f"{stage.url}/board")
    assert "/auth/login" in stage.ben.url
    stage.ben.goto(link)
    expect(stage.ben.get_by_text("Ask for a new one")).to_be_visible()
