"""A picture of every page, light and dark, on a desk and on a phone: `python -m tests.browser.take_screenshots DIR`.

Not a test: the pictures are for people to look at.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, sign_in
from tests.browser.full_workspace import Filler, set_up_by_hand
from tests.browser.people_workspace import PASSWORD
from tests.browser.screens import Screen, screens, show
from tests.runtime.product import Product

SIZES = ((1280, 900), (360, 780))
TALLEST = 2600
MAIN = "(document.querySelector('[data-testid=stMainBlockContainer]') || document.body).scrollHeight"


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=30_000)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        product = Product(Path(folder), LOG_LEVEL="WARNING", SIGNUP="open")
        try:
            product.wait_until_ready()
            take_all(browser, product.url, out)
        finally:
            product.close()
            browser.close()


def take_all(browser: Browser, url: str, out: Path) -> None:
    for scheme in ("light", "dark"):
        _first_page(browser, url, out, scheme)
    set_up_by_hand(browser.new_page(), url)
    wanted = screens(Filler(url).fill())
    for scheme in ("light", "dark"):
        for size in SIZES:
            contexts = {who: _context(browser, scheme, size) for who in {screen.who for screen in wanted}}
            pages = {who: context.new_page() for who, context in contexts.items()}
            for who, page in pages.items():
                if who:
                    sign_in(page, url, (who, PASSWORD))
            for screen in wanted:
                take(pages[screen.who] if screen.who else contexts[None].new_page(), url, screen, out, scheme)
            for context in contexts.values():
                context.close()


def _first_page(browser: Browser, url: str, out: Path, scheme: str) -> None:
    for size in SIZES:
        context = _context(browser, scheme, size)
        take(context.new_page(), url, Screen("setup", "auth/setup", who=None), out, scheme)
        context.close()


def _context(browser: Browser, scheme: str, size: tuple[int, int]) -> BrowserContext:
    viewport = {"width": size[0], "height": size[1]}
    return browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )


def take(page: Page, url: str, screen: Screen, out: Path, scheme: str) -> None:
    """As tall as the page is, because Streamlit scrolls inside of it."""
    show(page, url, screen)
    size = page.viewport_size or {"width": SIZES[0][0], "height": SIZES[0][1]}
    height = min(max(page.evaluate(MAIN) + 40, size["height"]), TALLEST)
    page.set_viewport_size({"width": size["width"], "height": height})
    page.wait_for_timeout(400)  # frames and tables are drawn again
    page.screenshot(path=out / f"{screen.name}_{size['width']}_{scheme}.png")
    page.set_viewport_size(size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
