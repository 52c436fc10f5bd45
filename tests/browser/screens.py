"""Every page of the product, and how to get it onto the screen."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.full_workspace import EMAIL
from tests.browser.people_workspace import MIA, PASSWORD, VERA

Step = Callable[[Page], None]
ANN = EMAIL


@dataclass(frozen=True)
class Screen:
    name: str
    path: str
    then: Step | None = None
    who: str | None = ANN
    checked: bool = True  # by the test of accessibility; a picture is taken of each


def screens(things: dict[str, str]) -> list[Screen]:
    """`things` are the addresses of single things, as `Filler.fill` gives them."""
    pages = (
        "board",
        "analytics",
        "datasets",
        "documents",
        "queries",
        "templates",
        "reports",
        "schedules",
        "deliveries",
        "jobs",
        "monitoring",
    )
    return [
        *(Screen(name, f"auth/{name}", who=None) for name in ("login", "signup", "reset")),
        Screen("login_refused", "auth/login", _sign_in("nobody@example.com"), who=None),
        Screen("code", "auth/login", _sign_in(MIA), who=None, checked=False),
        Screen("home", ""),
        *(Screen(name, name) for name in pages),
        *(Screen(f"one_{name}", path, who=_who(name)) for name, path in things.items()),
        *(Screen(f"dataset_{tab.lower()}", things["dataset"], _tab(tab)) for tab in DATASET),
        Screen("source_form", things["dataset"], _source_form),
        Screen("documents_found", "documents", _search("crane")),
        Screen("dataset_filtered", things["dataset"], _filter('currency == "EUR" and amount > 100')),
        Screen("report_origin", things["report"], _tab("Where the numbers come from")),
        Screen("query_answer", things["query"], _answer),
        Screen("query_sql", "queries?query=new", _part("SQL")),
        Screen("template_preview", things["template"], _part("Preview")),
        Screen("schedule_form", "schedules", _dialog("New schedule")),
        Screen("report_form", "reports", _dialog("New report"), checked=False),
        Screen("template_form", "templates", _dialog("New template"), checked=False),
        Screen("card_form", "board", _dialog("New card")),
        *(Screen(f"card_{tab.split()[0].lower()}", things["card"], _tab(tab)) for tab in CARD),
        *(Screen(f"card_{tab.lower()}", things["card"], _tab(tab), checked=False) for tab in ("Read", "History")),
        Screen("board_table", "board", _part("Table")),
        Screen("board_bulk", "board", _bulk),
        Screen("board_filters", "board", _filters),
        Screen("board_activity", "board", _part("Activity")),
        Screen("board_calendar", "board", _part("Calendar")),
        Screen("board_import", "board", _more("Import…")),
        Screen("board_export", "board", _more("Export…")),
        Screen("calendar_feed", "board", _more("Calendar feed…")),
        Screen("board_archived", "board", _part("Archived")),
        Screen("board_columns", "board", _more("Columns, lanes and labels")),
        Screen("board_archive", "board", _more("Archive this board"), checked=False),
        Screen("board_shelf", "board", _more("Archived boards"), checked=False),
        Screen("automation_rule", "board", _automations("Rules", "New rule")),
        Screen("automation_switches", "board", _automations("Built in")),
        Screen("recurring_card", "board", _automations("Recurring cards", "New recurring card")),
        Screen("card_template", "board", _automations("Templates", "New template"), checked=False),
        Screen("outbox", "deliveries", _tab("Outbox"), checked=False),
        Screen("mail_accounts", "deliveries", _tab("Mail accounts")),
        Screen("mail_account_form", "deliveries", _mail_account),
        Screen("share_form", things["template"], _dialog("Share")),
        Screen("settings", "settings"),
        Screen("settings_notices", "settings", _tab("Notices")),
        Screen("bell", "", _bell),
        *(Screen(f"settings_{tab.split()[-1].lower()}", "settings", _tab(tab), checked=False) for tab in SETTINGS),
        *(
            Screen(f"admin_{tab.split()[0].lower()}", "admin", _tab(tab))
            for tab in ("People", "Teams", "Invitations", "Security", "Audit trail")
        ),
        Screen("admin_person", "admin?tab=People", _row("Otto Author")),
        Screen("admin_leaving", "admin?tab=People", _leaving),
        Screen("admin_team", "admin?tab=Teams", lambda page: page.get_by_text("Field sales").click()),
        Screen("admin_new_person", "admin?tab=People", _dialog("Add a person"), checked=False),
        Screen("admin_invite", "admin?tab=Invitations", _dialog("Invite a person"), checked=False),
        Screen("admin_hand_over", "admin?tab=People", _dialog("Hand over"), checked=False),
    ]


def enter(field: Locator, words: str) -> None:
    """Into the field, wherever the focus has gone in the meantime: a page that is drawn anew may take it away."""
    field.fill(words)
    field.press("Enter")


def _search(words: str) -> Step:
    def search(page: Page) -> None:
        enter(page.get_by_label("Search", exact=True), words)
        expect(page.get_by_text("Harbour plan 2026")).to_be_visible()

    return search


def _filter(where: str) -> Step:
    def fill(page: Page) -> None:
        _tab("Rows")(page)
        enter(page.get_by_role("textbox", name="Only rows where"), where)

    return fill


CARD = ("Checklist", "Comments", "Notes", "Files", "Waits for")
DATASET = ("Sources", "Rows", "Rejected", "Summary", "Trace", "Rules")
SETTINGS = ("Password", "Security", "Sessions", "API keys")


def show(page: Page, url: str, screen: Screen) -> None:
    page.goto(f"{url}/{screen.path}")
    expect(page.locator("h1").first).to_be_visible()
    settled(page)
    if screen.then:
        screen.then(page)
        settled(page)


def settled(page: Page) -> None:
    """The script has run to its end, and nothing is drawn any more."""
    if page.locator("[data-testid=stApp]").count():
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        page.evaluate("document.fonts.ready")


def choose_row(table: Locator, number: int, text: str) -> None:
    """By its number from the top. The table is a canvas that says what it shows; clicks before it is drawn are lost."""
    expect(table.locator("[role=row]", has_text=text).first).to_be_attached()
    chosen = table.get_by_role("button", name="Clear selection")
    for _ in range(5):
        table.click(position={"x": 18, "y": 35 * number + 17})
        with contextlib.suppress(AssertionError):
            expect(chosen).to_have_count(1, timeout=20_000)
            return
    raise AssertionError(f"the row with {text} cannot be chosen")


def click_until(button: Locator, shown: Locator) -> None:
    """While a page is being drawn, what is clicked may move away under the mouse: the click is lost, as for people."""
    for _ in range(5):
        button.click()
        with contextlib.suppress(AssertionError):
            expect(shown.first).to_be_visible(timeout=60_000)
            return
    raise AssertionError(f"{button} does nothing")


def _tab(name: str) -> Step:
    def open_it(page: Page) -> None:
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.get_by_role("tabpanel").filter(has_text=re.compile(r"\S")).first).to_be_visible()  # drawn when open

    return open_it


def _bell(page: Page) -> None:
    page.get_by_role("button", name="Notices").click()
    expect(page.get_by_role("button", name="Otto Author gave you")).to_be_visible()


def _part(name: str) -> Step:
    return lambda page: page.get_by_role("radio", name=name).click()


def _bulk(page: Page) -> None:
    page.get_by_role("radio", name="Table").click()
    page.get_by_role("button", name="Change all").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _filters(page: Page) -> None:
    page.get_by_label("Search cards").fill("priority:>=low")
    expect(page.get_by_text("Cards: priority at least low")).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_text("Name of this filter")).to_be_visible()


def _answer(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Where it comes from")).to_be_visible()


def _dialog(name: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return step


def _more(entry: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name="More").last.click()
        page.get_by_text(entry, exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return step


def _automations(section: str, then: str = "") -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name="More").last.click()
        page.get_by_text("Automations", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("radio", name=section, exact=True).click()
        settled(page)
        if then:
            dialog.get_by_role("button", name=then, exact=True).click()
            expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_visible()

    return step


def _who(thing: str) -> str | None:
    """Links from a letter are for strangers, and what may only be looked at is for Vera."""
    return VERA if thing.startswith("view_") else None if thing in ("invitation", "new_password") else ANN


def _sign_in(email: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("[role=alert], input[name=code]")).to_be_visible()

    return step


def _row(name: str) -> Step:
    """The table is a canvas, so its search is what finds a row."""

    def step(page: Page) -> None:
        enter(page.get_by_label("Search", exact=True), name)
        settled(page)
        table = page.get_by_test_id("stDataFrame")
        expect(table).to_have_count(1)  # the table of before the search stands beside it for a moment
        expect(table.locator("[role=row]")).to_have_count(2)  # and takes clicks as long: the names, the one found
        choose_row(table, 1, name)
        expect(page.get_by_role("heading", name=name)).to_be_visible()

    return step


def _source_form(page: Page) -> None:
    _tab("Sources")(page)
    _dialog("New source")(page)


def _leaving(page: Page) -> None:
    _row("Otto Author")(page)
    _dialog("Deactivate")(page)


def _mail_account(page: Page) -> None:
    _tab("Mail accounts")(page)
    _dialog("Change")(page)
