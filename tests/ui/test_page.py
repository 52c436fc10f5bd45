"""What all pages share: who is looking, one transaction a click, texts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.ui import page

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AsRole = Callable[[Role], AppTest]


@pytest.fixture
def script(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Runs a function as a page, as somebody of this role, or as nobody."""

    def run(body: Callable[[], None], role: Role | None) -> AppTest:
        token = None
        if role:
            with transaction() as db:
                new = PersonCreate(email="ann@example.com", name="Ann", password=SecretStr("three words"), role=role)
                token = accounts.start_session(db, accounts.create_person(db, SYSTEM, new))
        monkeypatch.setattr(page, "session_token", lambda: token)
        return AppTest.from_function(body, default_timeout=120).run()

    return run


def guarded() -> None:
    import streamlit as st

    from app.core.actor import Role
    from app.ui.page import viewer

    viewer(Role.author)
    st.write("the inside")


@pytest.mark.parametrize(
    ("role", "sees"), [(None, False), (Role.viewer, False), (Role.author, True), (Role.admin, True)]
)
def test_a_page_guards_itself(script: Callable[..., AppTest], role: Role | None, sees: bool) -> None:
    at = script(guarded, role)
    assert bool(at.markdown) is sees
    assert [error.value for error in at.error] == (
        ["This page needs the role author; yours is viewer."] if role is Role.viewer else []
    )


def changing() -> None:
    import streamlit as st
    from pydantic import SecretStr

    from app.accounts import service as accounts
    from app.accounts.schemas import PasswordChange, ProfileChange
    from app.ui.page import action, page_header, reading, viewer

    person = viewer()
    page_header("Page *title*")
    if st.button("good"):
        with action("Saved.") as db:
            accounts.change_profile(db, person, ProfileChange(name="Anna"))
            st.rerun()
    if st.button("bad"):
        with action("Saved.") as db:
            accounts.change_profile(db, person, ProfileChange(name="Lost"))
            change = PasswordChange(current_password=SecretStr("no"), new_password=SecretStr("four words here"))
            accounts.change_password(db, person, change)
        st.rerun()
    with reading() as db:
        st.write(accounts.me(db, person).name)


def test_a_click_is_saved_before_the_page_runs_again_and_says_so(script: Callable[..., AppTest]) -> None:
    at = script(changing, Role.member)
    assert at.title[0].value == r"Page \*title\*"
    at.button[0].click().run()
    assert at.markdown[0].value == "Anna"
    assert [toast.value for toast in at.toast] == ["Saved."]


def test_a_refused_click_changes_nothing_and_is_said_even_after_a_rerun(script: Callable[..., AppTest]) -> None:
    at = script(changing, Role.member)
    at.button[1].click().run()
    assert at.markdown[0].value == "Ann"
    assert [error.value for error in at.error] == [page.plain("The current password is not right.")]
    assert not at.toast


def writing_while_reading() -> None:
    from app.accounts import service as accounts
    from app.accounts.schemas import ProfileChange
    from app.ui.page import reading, viewer

    person = viewer()
    with reading() as db:
        accounts.change_profile(db, person, ProfileChange(name="Anna"))


def test_reading_cannot_change_anything(script: Callable[..., AppTest]) -> None:
    at = script(writing_while_reading, Role.member)
    assert at.exception
    with transaction() as db:
        assert [person.name for person in accounts.people(db, SYSTEM)] == ["Ann"]


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=-2, minutes=-59), "in 2 hours"),
        (timedelta(days=40), "40 days ago"),
    ],
)
def test_how_long_ago_is_said_in_words(passed: timedelta, text: str) -> None:
    assert page.relative(NOW, NOW + passed) == text


def test_what_people_wrote_is_no_markup() -> None:
    assert page.plain("![x](http://a.b) :red[*]\n#1") == r"\!\[x\]\(http\://a\.b\) \:red\[\*\] \#1"
    assert page.plain("1. a_[b]*.csv") == r"1\. a\_\[b\]\*\.csv"
