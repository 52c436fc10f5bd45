"""Administration: who may come in, and as what."""

import streamlit as st
from pydantic import SecretStr, ValidationError

from app.accounts import service as accounts
from app.accounts.schemas import Person, PersonCreate
from app.core.actor import Actor, Role
from app.core.settings import settings
from app.sharing import service as sharing
from app.sharing.schemas import Team
from app.ui.admin_hand_over import left_behind
from app.ui.admin_person import show_person
from app.ui.link_once import show_link
from app.ui.page import action, empty_state, plain, reading, when

MEANING = {
    Role.viewer: "Viewer: reads",
    Role.member: "Member: works with cards, uploads data",
    Role.author: "Author: makes datasets, templates, reports, schedules",
    Role.admin: "Administrator: people and mail accounts too",
}
ALL = "All roles"


def show(person: Actor) -> None:
    show_link()
    with reading() as db:
        everybody = accounts.people(db, person)
        teams = sharing.teams(db, person)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input("Search", placeholder="Name, email, title, team", width=240, icon=":material/search:")
        role = st.selectbox("Role", [ALL, *Role], format_func=str.capitalize, width=150)
        gone_too = st.toggle("Deactivated too", value=True)
        if st.button("Add a person", type="primary", icon=":material/person_add:"):
            add_person(person)
    found = [one for one in everybody if _fits(one, _teams_of(one, teams), words, role, gone_too)]
    if not found:
        empty_state("person_search", "Nobody matches", "Try other words, or all roles.")
    else:
        _table(person, found, teams, f"people_{words}_{role}_{gone_too}")
    left_behind(person)


def _fits(one: Person, teams: str, words: str, role: str, gone_too: bool) -> bool:
    text = f"{one.name} {one.email} {one.job_title} {teams}".casefold()
    in_words = all(word in text for word in words.casefold().split())
    return in_words and role in (ALL, one.role) and (gone_too or one.is_active)


def _teams_of(one: Person, teams: list[Team]) -> str:
    member_of = [team.name for team in teams if any(member.person_id == one.id for member in team.members)]
    return ", ".join(member_of)


def _table(person: Actor, found: list[Person], teams: list[Team], key: str) -> None:
    rows = [
        {
            "Name": one.name,
            "Email": one.email,
            "Role": one.role.value,
            "Teams": _teams_of(one, teams),
            "Status": "active" if one.is_active else "deactivated",
            "Last sign-in": when(one.last_sign_in_at),
            "Job title": one.job_title,
        }
        for one in found
    ]
    st.caption("Select a row to change a person.")
    chosen = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="single-row", key=key, alt="People, by name"
    )
    if chosen.selection.rows:
        one = found[chosen.selection.rows[0]]
        show_person(person, one, MEANING, _teams_of(one, teams))


@st.dialog("Add a person")
def add_person(person: Actor) -> None:
    with st.form("new_person", border=False):
        name = st.text_input("Name", max_chars=120)
        email = st.text_input("Email", max_chars=254)
        title = st.text_input("Job title", max_chars=120)
        role = st.selectbox("Role", list(Role), index=1, format_func=MEANING.__getitem__)
        rule = f"At least {settings().password_min_length} characters, not a common one."
        password = st.text_input("First password", type="password", help=rule)
        if not st.form_submit_button("Add", type="primary"):
            return
    try:
        new = PersonCreate(name=name, email=email, job_title=title, role=role, password=SecretStr(password))
    except ValidationError as error:
        problem = error.errors()[0]
        st.error(f"{str(problem['loc'][0]).capitalize()}: {problem['msg'].removeprefix('Value error, ')}")
        return
    with action(f"{plain(name)} can sign in now.") as db:
        accounts.create_person(db, person, new)
        st.rerun()
