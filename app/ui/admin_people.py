"""Administration: who may come in, and as what."""

import streamlit as st
from pydantic import SecretStr, ValidationError

from app.accounts import service as accounts
from app.accounts.schemas import Person, PersonChange, PersonCreate
from app.core.actor import Actor, Role
from app.ui.page import action, plain, reading, when
from app.ui.reset_link import reset_link

MEANING = {
    Role.viewer: "Viewer: reads",
    Role.member: "Member: works with cards, uploads data",
    Role.author: "Author: makes datasets, templates, reports, schedules",
    Role.admin: "Administrator: people and mail accounts too",
}


def show(person: Actor) -> None:
    if st.button("Add a person", type="primary", icon=":material/person_add:"):
        add_person(person)
    with reading() as db:
        everybody = accounts.people(db, person)
    rows = [
        {
            "Name": one.name,
            "Email": one.email,
            "Job title": one.job_title,
            "Role": one.role.value,
            "Status": "active" if one.is_active else "deactivated",
            "Last sign-in": when(one.last_sign_in_at),
        }
        for one in everybody
    ]
    st.caption("Select a row to change a person.")
    chosen = st.dataframe(rows, hide_index=True, on_select="rerun", selection_mode="single-row", key="people_table")
    if chosen.selection.rows:
        change_person(person, everybody[chosen.selection.rows[0]])


@st.dialog("Add a person")
def add_person(person: Actor) -> None:
    with st.form("new_person", border=False):
        name = st.text_input("Name", max_chars=120)
        email = st.text_input("Email", max_chars=254)
        title = st.text_input("Job title", max_chars=120)
        role = st.selectbox("Role", list(Role), index=1, format_func=MEANING.__getitem__)
        password = st.text_input("First password", type="password", help="At least 8 characters.")
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


def change_person(person: Actor, one: Person) -> None:
    with st.container(border=True):
        st.header(plain(one.name), anchor=False)
        if one.is_active:
            reset_link(person, one)
        with st.form(f"person_{one.id}", border=False):
            role = st.selectbox("Role", list(Role), index=list(Role).index(one.role), format_func=MEANING.__getitem__)
            active = st.toggle("May sign in", one.is_active, help="Switching it off signs them out everywhere at once.")
            password = st.text_input("New password", type="password", help="Leave empty to keep the present one.")
            if not st.form_submit_button("Save", type="primary"):
                return
        change = PersonChange(role=role, is_active=active, password=SecretStr(password) if password else None)
        with action(f"{plain(one.name)} saved.") as db:
            accounts.change_person(db, person, one.id, change)
            st.rerun()
