"""What the product exists for, as a newcomer does it: from the set-up page to the mail in somebody's inbox."""

import io
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.board_page import FETCH
from tests.browser.conftest import PATIENCE
from tests.browser.test_deliveries import choose
from tests.generators import TRANSACTION_COLUMNS, transactions_csv
from tests.runtime.product import Product
from tests.smtp_server import PASSWORD, USERNAME, Authority, Mailbox, good_server

pytestmark = pytest.mark.browser
PASSED, CURRENCY, AMOUNT = "6,000", "currency: not an allowed value (3,332)", "amount: not above the limit (1,001)"


@pytest.fixture
def newcomer(tmp_path: Path, chromium: Browser) -> Iterator[tuple[Product, Page]]:
    """A fresh installation, and a browser that has never seen it."""
    product = Product(tmp_path)
    product.wait_until_ready()
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, timezone_id="UTC", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield product, page
    context.close()
    product.close()


def set_up(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Your name").fill("Ann Admin")
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill("correct horse battery staple")
    expect(page.get_by_label("Load the sample workspace")).to_be_checked()
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_text("Contract with the parcel service")).to_be_visible()


def load_transactions(page: Page, url: str) -> None:
    columns = {"name": "transactions", "schema": {"columns": TRANSACTION_COLUMNS}}
    page.evaluate(FETCH, ["POST", "/datasets", columns])
    page.goto(f"{url}/datasets")
    page.get_by_role("button", name="transactions").click()
    expect(page.get_by_role("heading", name="transactions")).to_be_visible()
    content = transactions_csv()
    file = {"name": "transactions.csv", "mimeType": "text/csv", "buffer": content}
    page.locator("input[type=file]").set_input_files(files=[file])
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("10,000 rows: 6,000 stored, 4,000 rejected")).to_be_visible()


def see_why_rows_were_rejected(page: Page) -> None:
    page.get_by_role("button", name="Rejected rows").click()
    for reason in (CURRENCY, AMOUNT):
        expect(page.get_by_role("radio", name=reason)).to_be_visible()
    found = page.evaluate(FETCH, ["GET", "/summary?dataset=transactions", None])
    assert sorted(one["rows"] for one in found["by_combination"]) == [333, 668, 2999]


def make_report(page: Page, url: str) -> str:
    """The text of the PDF that a person downloads."""
    page.goto(f"{url}/reports")
    page.get_by_role("button", name="New report").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the report").click()
    expect(page.get_by_role("tab", name="Report", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF").click()
    return pdf_text(download.value.path().read_bytes())


def add_mail_account(page: Page, url: str, port: int, authority: Authority) -> None:
    page.goto(f"{url}/deliveries")
    page.get_by_role("tab", name="Mail accounts").click()
    page.get_by_role("button", name="Add a mail account").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Team mail")
    form.get_by_label("Server", exact=True).fill("localhost")
    form.get_by_label("Port", exact=True).fill(str(port))
    form.get_by_label("User name").fill(USERNAME)
    form.get_by_role("textbox", name="Password").fill(PASSWORD)
    form.get_by_label("Sender address").fill("reports@example.com")
    form.get_by_role("textbox", name="Certificate").fill(authority.pem)
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text(f"accepted {USERNAME}")).to_be_visible()


def schedule_every_minute(page: Page, url: str) -> None:
    page.goto(f"{url}/schedules")
    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Name", exact=True).fill("Report to the boss")
    choose(form, "When", "Cron expression")
    form.get_by_role("textbox", name="Cron expression").fill("* * * * *")
    form.get_by_role("textbox", name="Cron expression").press("Enter")
    form.get_by_role("textbox", name="Recipients").fill("boss@example.com")
    choose(form, "Send by", "Team mail")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()


def wait_for_mail(page: Page, mailbox: Mailbox) -> EmailMessage:
    """The schedule's own minute has to come: nothing is started by hand."""
    for _ in range(600):
        if mailbox.contents:
            return message_from_bytes(mailbox.contents[0], policy=policy.default)  # type: ignore[return-value]
        page.wait_for_timeout(500)
    raise AssertionError("no mail within five minutes")


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_a_newcomer_gets_from_the_first_page_to_a_mail_with_the_report(newcomer: tuple[Product, Page]) -> None:
    product, page = newcomer
    authority = Authority()
    with good_server(authority) as (mailbox, port):
        set_up(page, product.url)
        load_transactions(page, product.url)
        see_why_rows_were_rejected(page)
        assert "Northwind Furniture" in make_report(page, product.url)
        add_mail_account(page, product.url, port, authority)
        schedule_every_minute(page, product.url)
        message = wait_for_mail(page, mailbox)
    (attachment,) = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert "Northwind Furniture" in pdf_text(attachment.get_content())
    assert message["To"] == "boss@example.com"
    page.goto(f"{product.url}/schedules")
    page.get_by_role("button", name="Report to the boss").click()
    expect(page.get_by_text("1 sent").first).to_be_visible()
    (row, *_) = page.evaluate(FETCH, ["GET", "/deliveries?recipient=boss&state=sent", None])["items"]
    assert row["message_id"] == message["Message-ID"]
