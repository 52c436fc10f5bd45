"""Every page, light and dark, with the rules of axe; and none may scroll sideways on a phone."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE, sign_in
from tests.browser.full_workspace import EMAIL, THINGS, Filler, set_up_by_hand
from tests.browser.people_workspace import PASSWORD, VERA
from tests.browser.screens import screens, settled, show
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
GRAVE = ("serious", "critical")
NAMES = [screen.name for screen in screens(dict.fromkeys(THINGS, "")) if screen.checked]
# Findings that are not ours to mend: the rule, a part of the place, and why.
KNOWN = [
    ("list", "stSidebarNavItems", "Streamlit puts the headings of its menu between the list's items"),
    ("listitem", "", "the items of that same menu stand outside of its list"),
    (
        "scrollable-region-focusable",
        'aria-label="Completed"',
        "the arrow keys go from card to card",
    ),
    ("color-contrast", "<p>A new file</p>", "the label of a switched-off field"),
    ("color-contrast", "<p>Key</p>", "the label of a switched-off field"),
]
SIDEWAYS = """[...document.querySelectorAll('html, [data-testid=stMain], [role=dialog]')]
    .filter(one => one.scrollWidth > one.clientWidth).map(one => one.outerHTML.slice(0, 120))"""


class Visit(NamedTuple):
    pages: dict[str | None, Page]  # of each person, and of a stranger
    url: str
    things: dict[str, str]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Visit]:
    product = Product(tmp_path_factory.mktemp("full"), LOG_LEVEL="WARNING", SIGNUP="open")
    product.wait_until_ready()
    pages = {
        who: chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin").new_page() for who in (EMAIL, VERA, None)
    }
    try:
        for page in pages.values():
            page.set_default_timeout(PATIENCE)
        set_up_by_hand(pages[EMAIL], product.url)
        things = Filler(product.url).fill()
        sign_in(pages[VERA], product.url, (VERA, PASSWORD))
        yield Visit(pages, product.url, things)
    finally:
        for page in pages.values():
            page.context.close()
        product.close()


def findings(page: Page, scheme: Any, **only: Any) -> list[str]:
    """What stays: colours take a moment to go over from light to dark, and are no finding on their way."""
    page.emulate_media(color_scheme=scheme)
    for _ in range(5):
        settled(page)
        if not (found := _findings(page, scheme, **only)):
            break
        page.wait_for_timeout(300)
    return found


def _findings(page: Page, scheme: Any, **only: Any) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], **only}).response["violations"]
    places = [(one["id"], place["html"]) for one in found if one["impact"] in GRAVE for place in one["nodes"]]
    return [f"{scheme} {rule}: {html}" for rule, html in places if not is_known(rule, html)]


def is_known(rule: str, html: str) -> bool:
    return any(rule == known and part in html for known, part, _ in KNOWN)


def sideways(page: Page) -> list[str]:
    """What is wider than its place, once tables have taken the new width: they do so some frames later."""
    for _ in range(50):
        wide: list[str] = page.evaluate(SIDEWAYS)
        if not wide:
            break
        page.wait_for_timeout(200)
    return wide


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_by_everybody_and_fits_a_phone(name: str, visit: Visit) -> None:
    (screen,) = [one for one in screens(visit.things) if one.name == name]
    page = visit.pages[screen.who]
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    if screen.who is None:
        page.context.clear_cookies()
    show(page, visit.url, screen)
    grave = findings(page, "light") + findings(page, "dark", runOnly=["color-contrast"])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    settled(page)
    assert (grave, sideways(page)) == ([], [])
