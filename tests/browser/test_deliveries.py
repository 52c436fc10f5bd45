"""A schedule is made, run and changed in the browser, and its mail is read in the built-in outbox."""

import uuid

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.board_page import FETCH
from tests.runtime.product import Product

pytestmark = pytest.mark.browser
NASTY = "<img src=x onerror=\"top.document.title='HACKED'\"><script>top.document.title='HACKED'</script>"


@pytest.fixture
def template(admin_page: Page) -> str:
    name = f"Review {uuid.uuid4().hex[:6]}"
    blocks = [{"kind": "heading", "id": "top", "text": NASTY}]
    admin_page.evaluate(FETCH, ["POST", "/templates", {"name": name, "blocks": blocks}])
    return name


def choose(form: Locator, label: str, option: str) -> None:
    box = form.get_by_role("combobox", name=label, exact=True)
    if box.input_value() == option:
        return
    box.click()
    box.press_sequentially(option)  # long lists are drawn only in part
    form.page.get_by_role("option", name=option, exact=True).click()
    expect(box).to_have_value(option)


def schedule(page: Page, url: str, template: str) -> None:
    page.goto(f"{url}/schedules")
    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    choose(form, "Template", template)
    choose(form, "When", "Cron expression")
    choose(form, "Time zone", "Europe/Berlin")
    form.get_by_role("textbox", name="Cron expression").fill("61 2 * * *")
    form.get_by_role("textbox", name="Cron expression").press("Enter")
    expect(form.get_by_text("the minute field cannot be read")).to_be_visible()
    form.get_by_role("textbox", name="Cron expression").fill("30 2 * 3 0L")
    form.get_by_role("textbox", name="Cron expression").press("Enter")
    expect(form.get_by_text("02:30 does not exist on this day").first).to_be_visible()
    form.get_by_role("textbox", name="Recipients").fill("anna@example.com")
    form.get_by_role("textbox", name="Subject").fill(f"{template} *for* you")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()


def test_a_schedule_is_made_and_run_and_its_mail_is_read_in_the_outbox(
    admin_page: Page, app_server: Product, template: str
) -> None:
    page = admin_page
    schedule(page, app_server.url, template)
    page.get_by_role("button", name=template).first.click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("1 sent")).to_be_visible()
    (sent,) = page.evaluate(FETCH, ["GET", "/deliveries?recipient=anna&limit=1", None])["items"]
    page.goto(f"{app_server.url}/deliveries?delivery={sent['id']}")
    expect(page.get_by_role("heading", name=f"{template} *for* you")).to_be_visible()
    mail = page.frame_locator("iframe[title]").frame_locator("iframe")
    expect(mail.get_by_text(NASTY)).to_be_visible()
    expect(mail.get_by_role("link", name="Open the report")).to_be_visible()
    assert "HACKED" not in page.title()
    with page.expect_download() as download:
        page.get_by_role("button", name="Message as sent (.eml)").click()
    assert download.value.path().stat().st_size == sent["eml_size"]


def test_a_schedule_is_paused_changed_and_deleted(admin_page: Page, app_server: Product, template: str) -> None:
    page = admin_page
    schedule(page, app_server.url, template)
    page.get_by_role("button", name=template).first.click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    form = page.get_by_role("dialog")
    choose(form, "When", "Every day")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    expect(page.get_by_text("every day, Europe/Berlin time").first).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Schedules")).to_be_visible()
    expect(page.get_by_role("button", name=template)).to_have_count(0)


def test_a_mail_account_that_does_not_work_says_why(admin_page: Page, app_server: Product) -> None:
    page, name = admin_page, f"Relay {uuid.uuid4().hex[:6]}"
    page.goto(f"{app_server.url}/deliveries")
    page.get_by_role("tab", name="Mail accounts").click()
    page.get_by_role("button", name="Add a mail account").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Name", exact=True).fill(name)
    form.get_by_role("textbox", name="Server").fill("no-such-host.invalid")
    form.get_by_role("textbox", name="Sender address").fill("reports@example.com")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text(name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Test").last.click()
    expect(page.get_by_text("The host name cannot be found")).to_be_visible()
