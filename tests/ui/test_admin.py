"""Administration of people and teams, as an administrator sees it."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from app.accounts import service as accounts
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.sharing import service as sharing
from app.sharing.schemas import Kind, MemberAdd, ShareCreate, Team, TeamCreate
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]

PASSWORD = "three unrelated words"


@pytest.fixture
def ada(database: str) -> Actor:
    return new_person(Role.admin, "ada@example.com")


@pytest.fixture
def ben(database: str) -> Actor:
    return new_person(Role.author, "ben@example.com")


def board_of(owner: Actor) -> UUID:
    with transaction() as db:
        return tasks.create_board(db, owner, BoardCreate(name="Plans *2027*", share_with=[])).id


def team_with(admin: Actor, *members: Actor) -> Team:
    with transaction() as db:
        team = sharing.create_team(db, admin, TeamCreate(name="Sales"))
        for member in members:
            assert member.id
            team = sharing.add_member(db, admin, team.id, MemberAdd(person_id=member.id))
        return team


def owner_of(admin: Actor, board_id: UUID) -> UUID | None:
    with transaction() as db:
        return sharing.sharing(db, admin, Kind.board, board_id).owner_id


def test_people_are_found_by_name_team_and_role(open_page: Open, ada: Actor, ben: Actor) -> None:
    team_with(ada, ben)
    at = open_page(ada, "admin")
    assert errors(at) == []
    assert set(at.dataframe[0].value["Email"]) == {"ada@example.com", "ben@example.com"}
    at.text_input[0].set_value("sales").run()
    assert list(at.dataframe[0].value["Email"]) == ["ben@example.com"]
    at.text_input[0].set_value("nobody at all").run()
    assert not at.dataframe
    at.text_input[0].set_value("").run()
    at.selectbox[0].set_value(Role.admin).run()
    assert list(at.dataframe[0].value["Email"]) == ["ada@example.com"]


def test_what_somebody_left_is_listed_until_it_is_handed_over(open_page: Open, ada: Actor, ben: Actor) -> None:
    board_id = board_of(ben)
    with transaction() as db:
        assert ben.id
        sharing.deactivate_person(db, ada, ben.id)
    at = open_page(ada, "admin")
    assert any(text.value == "Without an active owner" for text in at.subheader)
    assert any(text.value == "1 board" for text in at.caption)
    press(at, "Hand over")
    at.button(key=f"hand_over_{ben.id}").click()  # a dialog reruns alone in a browser, here it is opened again
    at.button(key="hand_over_act").click().run()
    assert errors(at) == []
    assert owner_of(ada, board_id) == ada.id
    assert not any(text.value == "Without an active owner" for text in at.subheader)


def test_a_team_is_made_filled_and_led(open_page: Open, ada: Actor, ben: Actor) -> None:
    team = team_with(ada)
    at = open_page(ada, "admin", {"tab": "Teams"})
    assert errors(at) == []
    at.multiselect[0].set_value([ben.id])
    press(at, "Add")
    assert errors(at) == []
    at.toggle[0].set_value(True).run()
    with transaction() as db:
        [member] = sharing.team(db, ada, team.id).members
    assert (member.person_id, member.is_lead) == (ben.id, True)


def test_deleting_a_team_says_how_much_is_shared_with_it(open_page: Open, ada: Actor, ben: Actor) -> None:
    team = team_with(ada, ben)
    with transaction() as db:
        sharing.grant(db, ada, Kind.board, board_of(ada), ShareCreate(team_id=team.id))
    at = open_page(ada, "admin", {"tab": "Teams"})
    at.button(key=f"delete_{team.id}").click().run()
    assert any("1 shared thing will no longer be shared" in text.value for text in at.markdown)
    at.button(key=f"delete_{team.id}").click()  # a dialog reruns alone in a browser, here it is opened again
    at.button(key="confirm_act").click().run()
    assert errors(at) == []
    with transaction() as db:
        assert sharing.teams(db, ada) == []


def test_an_open_page_does_not_put_back_what_another_administrator_changed(
    open_page: Open, ada: Actor, ben: Actor
) -> None:
    team = team_with(ada, ben)
    at = open_page(ada, "admin", {"tab": "Teams"})
    with transaction() as db:
        assert ben.id
        sharing.add_member(db, ada, team.id, MemberAdd(person_id=ben.id, is_lead=True))
    at.run()
    with transaction() as db:
        assert sharing.team(db, ada, team.id).members[0].is_lead


def deactivating() -> None:
    import streamlit as st

    from app.accounts import service as accounts
    from app.ui.admin_hand_over import deactivate
    from app.ui.page import reading, viewer

    person = viewer()
    with reading() as db:
        leaver = next(one for one in accounts.people(db, person) if one.id != person.id)
    if st.button("Ask") or st.session_state.get("asked"):
        st.session_state["asked"] = leaver.is_active
        deactivate(person, leaver)


def test_deactivating_asks_for_the_password_and_moves_what_they_own(
    ada: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    board_id = board_of(ben)
    with transaction() as db:
        token = accounts.start_session(db, accounts.me(db, ada))
    for module in ("page", "reconfirm"):
        monkeypatch.setattr(f"app.ui.{module}.session_token", lambda: token)
    at = press(AppTest.from_function(deactivating, default_timeout=120).run(), "Ask")
    assert any("1 board" in each.label for each in at.expander)
    for password, said in (("not my password", ["This is not your password. Nothing was changed."]), (PASSWORD, [])):
        at.text_input(key="password_again").set_value(password)
        press(at, "Deactivate")
        assert errors(at) == said
    assert owner_of(ada, board_id) == ada.id
    with transaction() as db:
        assert [one.is_active for one in accounts.people(db, ada) if one.id == ben.id] == [False]


def one_person() -> None:
    from app.accounts import service as accounts
    from app.core.actor import Role
    from app.ui.admin_person import show_person
    from app.ui.link_once import show_link
    from app.ui.page import reading, viewer

    person = viewer()
    with reading() as db:
        one = next(one for one in accounts.people(db, person) if one.id != person.id)
    show_link()
    show_person(person, one, {role: role.value for role in Role}, "")


@pytest.fixture
def ben_shown(ada: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    with transaction() as db:
        token = accounts.start_session(db, accounts.me(db, ada))
    for module in ("page", "reconfirm"):
        monkeypatch.setattr(f"app.ui.{module}.session_token", lambda: token)
    return AppTest.from_function(one_person, default_timeout=120).run()


ANSWERS: tuple[tuple[str, list[str]], ...] = (
    ("not my password", ["This is not your password. Nothing was changed."]),
    (PASSWORD, []),
)


def test_a_role_is_changed_by_who_knows_the_administrators_password(ben_shown: AppTest, ada: Actor, ben: Actor) -> None:
    for password, said in ANSWERS:
        ben_shown.selectbox[0].set_value(Role.viewer)
        ben_shown.text_input(key=f"password_for_{ben.id}").set_value(password)
        press(ben_shown, "Save")
        assert errors(ben_shown) == said
        with transaction() as db:
            role = next(one.role for one in accounts.people(db, ada) if one.id == ben.id)
        assert role is (Role.author if said else Role.viewer)


def test_a_link_to_a_new_password_is_made_by_who_knows_the_administrators_password(
    ben_shown: AppTest, ben: Actor
) -> None:
    for password, said in ANSWERS:
        ben_shown.button(key=f"reset_{ben.id}").click().run()
        ben_shown.text_input(key="password_again").set_value(password)
        ben_shown.button(key=f"reset_{ben.id}").click()  # a dialog reruns alone in a browser, here it is opened again
        press(ben_shown, "Go on")
        assert errors(ben_shown) == said
    assert "/auth/reset/" in ben_shown.code[0].value
