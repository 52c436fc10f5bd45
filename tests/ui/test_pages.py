"""The start page, settings and administration, run through the whole script as somebody with a role."""

from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from app import sample
from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.jobs.work_off import run_inline
from app.monitoring import service as monitoring
from app.ui import page, sidebar
from app.ui.my_access import browser_name
from app.worker import HANDLERS

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = SecretStr("three unrelated words")
Open = Callable[..., AppTest]


@pytest.fixture
def ann(database: str) -> Actor:
    with transaction() as db:
        new = PersonCreate(email="ann@example.com", name="Ann *B*", password=PASSWORD, role=Role.admin)
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


@pytest.fixture
def show(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> Open:
    def run(name: str = "home", role: Role = Role.admin) -> AppTest:
        with transaction() as db:
            new = PersonCreate(email=f"{role}@example.com", name="Vic", password=PASSWORD, role=role)
            who = accounts.me(db, ann) if role is Role.admin else accounts.create_person(db, SYSTEM, new)
            token = accounts.start_session(db, who, user_agent="Mozilla/5.0 (X11; Linux) Firefox/140.0")
        for module in (page, sidebar):
            monkeypatch.setattr(module, "session_token", lambda: token)
        for module in ("my_access", "my_profile", "reconfirm"):
            monkeypatch.setattr(f"app.ui.{module}.session_token", lambda: token)
        at = AppTest.from_file(str(ROOT / "app/ui/app.py"), default_timeout=120).run()
        return at if name == "home" else at.switch_page(str(ROOT / f"pages/{name}.py")).run()

    return run


def errors(at: AppTest) -> list[str]:
    return [*(error.value for error in at.error), *(error.message for error in at.exception)]


@pytest.mark.parametrize("role", [Role.viewer, Role.admin])
def test_a_fresh_installation_shows_the_next_steps(show: Open, role: Role) -> None:
    at = show(role=role)
    assert errors(at) == []
    assert at.title[0].value == "Home"
    assert any("Next steps" in text.value for text in at.markdown) is (role is Role.admin)


def test_the_start_page_shows_what_needs_me(show: Open, ann: Actor) -> None:
    with transaction() as db:
        sample.load(db, ann)
    at = show()
    assert errors(at) == []
    texts = " ".join(element.value for element in [*at.markdown, *at.caption])
    assert "Shop relaunch" in texts


def test_a_viewer_has_no_way_into_the_administration(show: Open) -> None:
    at = show(role=Role.viewer)
    with pytest.raises(ValueError, match="admin"):
        at.switch_page(str(ROOT / "pages/admin.py")).run()


def test_a_profile_is_changed_by_its_owner(show: Open) -> None:
    at = show("settings", Role.viewer)
    at.text_input[0].set_value("Victor")
    next(button for button in at.button if button.label == "Save profile").click().run()
    assert errors(at) == []
    assert at.text_input[0].value == "Victor"
    assert "Victor" in at.sidebar.text[0].value


def settings_tab(show: Open, tab: str) -> AppTest:
    at = show("settings", Role.viewer)
    at.session_state["tab"] = tab
    return at.run()


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()


def test_two_passwords_that_differ_change_nothing(show: Open) -> None:
    at = settings_tab(show, "Password")
    for label, value in (
        ("Current password", PASSWORD.get_secret_value()),
        ("New password", "a b c d e"),
        ("New password again", "x"),
    ):
        [field for field in at.text_input if field.label == label][-1].set_value(value)
    next(button for button in at.button if button.label == "Change password").click().run()
    assert errors(at) == ["The two new passwords differ. Type the same one twice."]


def test_a_new_key_is_shown_exactly_once(show: Open) -> None:
    at = settings_tab(show, "API keys")
    for password, said in (("wrong", ["This is not your password. Nothing was changed."]), (PASSWORD, [])):
        next(field for field in at.text_input if field.label == "What is it for?").set_value("Nightly *upload*")
        given = password if isinstance(password, str) else password.get_secret_value()
        next(field for field in at.text_input if field.key == "password_for_key").set_value(given)
        press(at, "Create key")
        assert errors(at) == said
    assert at.code[0].value.startswith("ar_")
    press(at, "I have copied it")
    assert not at.code


def test_the_second_proof_is_set_up_by_a_code_and_shows_its_recovery_codes(show: Open) -> None:
    at = settings_tab(show, "Security")
    with transaction() as db:
        vic = next(one for one in accounts.people(db, SYSTEM) if one.name == "Vic")
        started = accounts.start_two_factor(db, accounts.actor_of(db, vic.id))
    at.session_state["my_enrolment"] = started
    at.run()
    assert at.code[0].value == started.secret
    next(field for field in at.text_input if field.label == "Code").set_value(pyotp.TOTP(started.secret).now())
    press(at, "Turn on")
    assert errors(at) == []
    assert len(at.code[0].value.split()) == 10
    press(at, "I have kept them")
    assert any("is on" in text.value for text in at.markdown)


def test_the_trail_is_read_page_by_page(show: Open, ann: Actor) -> None:
    with transaction() as db:
        for number in range(60):
            audit.record(db, ann, Action.rows_exported, f"export {number}")
    at = show("admin")
    at.session_state["tab"] = "Audit trail"
    at.run()
    assert errors(at) == []
    first = list(at.dataframe[0].value["Of"])
    next(button for button in at.button if button.label == "Older").click().run()
    second = list(at.dataframe[0].value["Of"])
    assert len(first) == 50
    assert not set(first) & set(second)
    next(button for button in at.button if button.label == "Newer").click().run()
    assert list(at.dataframe[0].value["Of"]) == first


def test_the_trail_is_narrowed_down_and_verified_by_a_click(show: Open, ann: Actor) -> None:
    with transaction() as db:
        audit.record(db, ann, Action.rows_exported, "one", dataset="sales", format="csv")
        audit.record(db, ann, Action.person_changed, "two", before={"role": "member"}, after={"role": "admin"})
    at = show("admin")
    at.session_state["tab"] = "Audit trail"
    at.run()
    next(box for box in at.selectbox if box.label == "Action").select("person:changed").run()
    assert errors(at) == []
    shown = at.dataframe[0].value
    assert list(shown["What"]) == ["Person changed"]
    assert list(shown["Details"]) == ["role: member → admin"]
    press(at, "Verify")
    assert errors(at) == []
    with transaction() as db:
        started = monitoring.last_audit_check(db, ann)
    assert started
    run_inline(started.id, HANDLERS)
    assert any("Intact" in text.value for text in at.run().markdown)


def test_the_administrator_sees_who_has_a_second_proof_and_who_has_not(show: Open, ann: Actor) -> None:
    with transaction() as db:
        started = accounts.start_two_factor(db, ann)
        accounts.confirm_two_factor(db, ann, pyotp.TOTP(started.secret).now())
        new = PersonCreate(email="bob@example.com", name="Bob", password=PASSWORD)
        accounts.create_person(db, SYSTEM, new)
    at = show("admin")
    at.session_state["tab"] = "Security"
    at.run()
    assert errors(at) == []
    table = at.dataframe[0].value
    assert dict(zip(table["Name"], table["Two-factor"] == "off", strict=True)) == {"Ann *B*": False, "Bob": True}
    assert "1 of 2 active people use it." in [text.value for text in at.caption]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) AppleWebKit/605 Version/18 Safari/604", "Safari on iPhone"),
        ("curl/8.1", "Unknown browser"),
    ],
)  # fmt: skip
def test_browsers_are_named_as_people_know_them(agent: str, name: str) -> None:
    assert browser_name(agent) == name
