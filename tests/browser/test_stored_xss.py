"""Whatever people type, in every place that keeps it: nothing of it runs, and it is shown as it was typed."""

import io
import time
import unicodedata
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import httpx2
import pikepdf
import pypdf
import pytest
from playwright.sync_api import Browser, Frame, Page

from tests.browser.conftest import ADMIN, sign_in
from tests.browser.naughty_workspace import Workspace
from tests.browser.screens import settled
from tests.naughty import PAYLOADS, fitting
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
SETTINGS = {"LOG_LEVEL": "WARNING", "RATE_LIMIT_PER_MINUTE": "100000", "BCRYPT_COST": "10"}
OTHERS = ("", "jobs", "deliveries", "deliveries?tab=Mail+accounts", "monitoring", "settings", "admin")
SECONDS_TO_DRAW = (1, 60)  # at the second look the machine may be slow
# In each frame, before anything of the page: what a script of ours or of the list would do leaves a mark.
MARK = "for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.owned = name }"
# Markup that came from a text: nothing of ours carries an inline handler or an address that runs.
ALIVE = r"""() => {
    const runs = /^\s*(javascript|vbscript|data:text\/html)/i
    const found = window.owned ? ['owned: ' + window.owned] : []
    for (const one of document.querySelectorAll('*'))
        for (const {name, value} of one.attributes)
            if (/^on/.test(name) || (/^(xlink:)?(href|src|action|formaction|data)$/.test(name) && runs.test(value)))
                found.push(one.outerHTML.slice(0, 120))
    return found
}"""
# What a page says, with the words in its fields, in open shadow roots and in the board, which draws itself.
SAID = r"""() => {
    const texts = []
    const read = root => {
        for (const node of root.querySelectorAll('*')) {
            if (node.shadowRoot) read(node.shadowRoot)
            if ('value' in node && typeof node.value === 'string') texts.push(node.value)
        }
        texts.push(root.textContent)
    }
    read(document.documentElement)
    return texts.join(' ')
}"""


PAGE: Any = {"width": 1280, "height": 2_000}
LONG: Any = {"width": 1280, "height": 25_000}


class Watch:
    """Everything that a browser says about a page which runs what it should not."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.found: list[str] = []
        page.add_init_script(MARK)
        page.on("dialog", lambda dialog: (self.found.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: self._hear(said.text))
        page.on("request", lambda request: self._see(request.url))
        page.on("popup", lambda other: self.found.append(f"popup: {other.url}"))

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text or "naughty.example" in text:
            self.found.append(text)

    def _see(self, address: str) -> None:
        if not address.startswith((f"{self.url}/", "data:", "blob:", "about:")):
            self.found.append(f"request: {address}")

    def look(self) -> list[str]:
        found, self.found = self.found, []
        for frame in self.page.frames:
            found += alive(frame)
        return found


def alive(frame: Frame) -> list[str]:
    return list(frame.evaluate(ALIVE))


def squeezed(text: str) -> str:
    """Without what HTML does not tell apart (spaces) and what no font shows (control and format characters)."""
    seen = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Zl", "Zp", "Zs"))
    return unicodedata.normalize("NFC", seen)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(tmp_path_factory.mktemp("naughty"), ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], **SETTINGS)
    started.wait_until_ready()
    yield started
    started.close()


@pytest.fixture(scope="module")
def workspace(product: Product) -> Workspace:
    made = Workspace(product.url, ADMIN)
    made.fill()
    return made


def open_page(watch: Watch, path: str, texts: list[str]) -> list[str]:
    """With each of its tabs opened once. Gives those of the texts that stood in none of them."""
    page = watch.page
    page.set_viewport_size(LONG if path.startswith("board?") else PAGE)  # a board holds only the cards that are near
    page.goto(f"{watch.url}/{path}")
    page.locator("h1").first.wait_for()
    settled(page)
    left = texts
    for seconds in SECONDS_TO_DRAW:
        left = missing(page, left, seconds)
        for name in page.get_by_role("tab").all_text_contents():
            page.get_by_role("tab", name=name, exact=True).first.click()
            settled(page)
            left = missing(page, left, seconds)
        if not left:
            break
    return left


def missing(page: Page, texts: list[str], seconds: float) -> list[str]:
    """Those that the page does not say; it gets some seconds to draw the last of them."""
    left = texts
    end = time.monotonic() + seconds
    while True:
        said = squeezed(page.evaluate(SAID))
        left = [text for text in left if squeezed(text) not in said]
        if not left or time.monotonic() > end:
            return left
        page.wait_for_timeout(100)


def test_nothing_that_people_typed_runs_on_a_page(product: Product, workspace: Workspace, chromium: Browser) -> None:
    page = chromium.new_context(viewport=PAGE).new_page()
    sign_in(page, product.url)
    watch = Watch(page, product.url)
    ran: dict[str, list[str]] = {}
    changed: dict[str, list[str]] = {}
    for path in [*workspace.shown, *OTHERS]:
        changed[path] = open_page(watch, path, workspace.shown.get(path, []))
        ran[path] = watch.look()
    page.context.close()
    assert {path: found for path, found in ran.items() if found} == {}
    assert {path: texts for path, texts in changed.items() if texts} == {}


def test_a_report_opened_by_itself_runs_nothing(product: Product, workspace: Workspace, chromium: Browser) -> None:
    """In the sandbox that its answer asks for, and also as a file, where no answer asks for anything."""
    content = fetch(product, f"/reports/{workspace.report}.html")
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, product.url)
    watch = Watch(page, product.url)
    page.goto(f"{product.url}/api/v1/reports/{workspace.report}.html?inline=true")
    said = squeezed(page.evaluate(SAID))
    found = watch.look()
    page.goto("about:blank")
    page.set_content(content.decode())
    found += watch.look()
    context.close()
    assert found == []
    assert [text for text in fitting(200, without="{}") if squeezed(text) not in said] == []


def test_a_pdf_holds_text_and_nothing_that_acts(product: Product, workspace: Workspace) -> None:
    content = fetch(product, f"/reports/{workspace.report}.pdf")
    with pikepdf.open(io.BytesIO(content)) as document:
        acting = [name for one in document.objects for name in acts(one)]
    assert acting == []
    text = squeezed("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))
    plain = [one for one in fitting(60, without="{}") if one.isascii() and one.isprintable()]
    assert len(plain) > 80
    assert [one for one in plain if squeezed(one) not in text] == []


def acts(one: Any) -> list[str]:
    """Keys of a PDF object that make a reader do something, but for addresses that people may follow."""
    if not isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
        return []
    names = ("/JS", "/JavaScript", "/AA", "/OpenAction", "/Launch", "/EmbeddedFiles", "/RichMedia", "/SubmitForm")
    found = [name for name in names if name in one or one.get("/S") == name]
    address = str(one.get("/URI", ""))
    return [*found, *([address] if address and not address.startswith(("http:", "https:", "mailto:")) else [])]


def test_a_mail_holds_text_and_nothing_that_acts(product: Product, workspace: Workspace, chromium: Browser) -> None:
    raw = fetch(product, f"/deliveries/{workspace.delivery}/message")
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("html",))
    assert body is not None
    html = body.get_content()
    page = chromium.new_page()
    watch = Watch(page, product.url)
    page.set_content(html)
    found, said = watch.look(), squeezed(page.evaluate(SAID))
    page.close()
    assert found == []
    assert [text for text in PAYLOADS[:40] if squeezed(text) not in said] == []


def fetch(product: Product, path: str) -> bytes:
    with httpx2.Client(base_url=product.url, headers={"Origin": product.url}, timeout=120) as client:
        client.post("/auth/login", json={"email": ADMIN[0], "password": ADMIN[1]}).raise_for_status()
        return client.get(f"/api/v1{path}").raise_for_status().content
