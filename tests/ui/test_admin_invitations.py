"""The tab where administrators invite people, run through the whole script."""

import pytest
from streamlit.testing.v1 import AppTest

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.admissions import service as admissions
from app.admissions.schemas import Invitation, InvitationCreate
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]


@pytest.fixture
def boss(database: str) -> Actor:
    with transaction() as db:
        new = PersonCreate(email="boss@example.com", name="Boss", password="three unrelated words", role=Role.admin)
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def listed() -> list[Invitation]:
    with transaction() as db:
        return admissions.invitations_page(db, SYSTEM).items


def opened(open_page: Open, boss: Actor) -> AppTest:
    return open_page(boss, "admin", {"tab": "Invitations"})


def fill(at: AppTest, email: str) -> AppTest:
    press(at, "Invite a person")
    next(field for field in at.text_input if field.label == "Email").set_value(email)
    return press_in_dialog(at, "Invite a person", "Make the link")


def press_in_dialog(at: AppTest, opener: str, label: str) -> AppTest:
    """Here each click runs the whole script, so what opens the dialog must be clicked with it."""
    next(button for button in at.button if button.label == opener).click()
    return press(at, label)


def test_without_a_mail_account_the_link_is_shown_once(open_page: Open, boss: Actor) -> None:
    at = fill(opened(open_page, boss), "ben@example.com")
    assert errors(at) == []
    (code,) = at.code
    with transaction() as db:
        assert admissions.open_invitation(db, code.value.rpartition("/")[2]) is not None
    assert list(at.dataframe[0].value["Email"]) == ["ben@example.com"]
    press(at, "I have passed it on")
    assert len(at.code) == 0
    assert len(opened(open_page, boss).code) == 0


@pytest.mark.parametrize(
    ("email", "says"), [("nobody", "is not a mail address"), ("boss@example.com", "Somebody already has")]
)
def test_an_address_that_cannot_be_invited_is_refused(open_page: Open, boss: Actor, email: str, says: str) -> None:
    at = fill(opened(open_page, boss), email)
    assert any(says in text.replace("\\", "") for text in errors(at))
    assert listed() == []


def test_an_invitation_is_revoked_after_a_question(open_page: Open, boss: Actor) -> None:
    with transaction() as db:
        admissions.invite(db, boss, InvitationCreate(email="ben@example.com"))
    at = open_page(boss, "admin", {"tab": "Invitations", "invitations": {"selection": {"rows": [0], "columns": []}}})
    press(at, "Revoke")
    assert listed()[0].state == "open"
    next(button for button in at.button if button.label == "Revoke").click()
    at.button(key="confirm_act").click().run()
    assert listed()[0].state == "revoked"


def test_while_invitations_are_off_the_tab_says_so(
    open_page: Open, boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNUP", "closed")
    settings.cache_clear()
    try:
        at = opened(open_page, boss)
        assert any("SIGNUP" in info.value for info in at.info)
        assert "Invite a person" not in [button.label for button in at.button]
    finally:
        monkeypatch.undo()
        settings.cache_clear()
