"""Settings: about me, my password, where I am signed in, my API keys."""

import streamlit as st
from pydantic import SecretStr, ValidationError

from app.accounts import service as accounts
from app.accounts.schemas import PasswordChange, ProfileChange
from app.ui.my_access import my_keys, my_sessions
from app.ui.page import action, page_header, reading, session_token, viewer

person = viewer()


def profile() -> None:
    with reading() as db:
        me = accounts.me(db, person)
    st.caption(f"Your role is {me.role.value}. Only an administrator can change it.")
    with st.form("profile", border=False):
        name = st.text_input("Name", me.name, max_chars=120)
        title = st.text_input("Job title", me.job_title, max_chars=120)
        email = st.text_input("Email", me.email, max_chars=254)
        password = st.text_input("Current password", type="password", help="Only needed for a new e-mail address.")
        if not st.form_submit_button("Save profile", type="primary"):
            return
    try:
        change = ProfileChange(
            name=name,
            job_title=title,
            email=email if email.strip().lower() != me.email else None,
            current_password=SecretStr(password) if password else None,
        )
    except ValidationError as error:
        st.error(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
        return
    with action("Profile saved.") as db:
        accounts.change_profile(db, person, change)
        st.rerun()


def password() -> None:
    st.caption("Changing it signs you out everywhere else.")
    with st.form("password", border=False, clear_on_submit=True):
        old = st.text_input("Current password", type="password", key="old_password")
        new = st.text_input("New password", type="password", help="At least 8 characters; several unrelated words.")
        again = st.text_input("New password again", type="password")
        if not st.form_submit_button("Change password", type="primary"):
            return
    if new != again:
        st.error("The two new passwords differ. Type the same one twice.", icon=":material/error:")
        return
    change = PasswordChange(current_password=SecretStr(old), new_password=SecretStr(new))
    with action("Password changed.") as db:
        current = accounts.current_session(db, session_token() or "")
        accounts.change_password(db, person, change, keep_session=current.id if current else None)


page_header("Settings")
tabs = st.tabs(["Profile", "Password", "Sessions", "API keys"])
with tabs[0]:
    profile()
with tabs[1]:
    password()
with tabs[2]:
    my_sessions(person)
with tabs[3]:
    my_keys(person)
