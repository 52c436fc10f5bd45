"""Parts of the settings page: about me, and my password."""

import streamlit as st
from pydantic import SecretStr, ValidationError

from app.accounts import service as accounts
from app.accounts.schemas import PasswordChange, ProfileChange
from app.core.actor import Actor
from app.core.settings import settings
from app.ui.page import action, reading, session_token
from app.ui.reconfirm import is_still


def my_profile(person: Actor) -> None:
    with reading() as db:
        me = accounts.me(db, person)
    st.caption(f"Your role is {me.role.value}. Only an administrator can change it.")
    with st.form("profile", border=False):
        name = st.text_input("Name", me.name, max_chars=120, autocomplete="name")
        title = st.text_input("Job title", me.job_title, max_chars=120)
        email = st.text_input("Email", me.email, max_chars=254, autocomplete="email")
        hint = "Only needed for a new e-mail address."
        password = st.text_input("Current password", type="password", help=hint, autocomplete="current-password")
        if not st.form_submit_button("Save profile", type="primary"):
            return
    moves = email.strip().lower() != me.email
    given = {"name": name, "job_title": title, "email": email if moves else None}
    try:
        change = ProfileChange.model_validate({**given, "current_password": SecretStr(password) if password else None})
    except ValidationError as error:
        st.error(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
        return
    if moves and not is_still(person, password):
        return
    with action("Profile saved.") as db:
        accounts.change_profile(db, person, change)
        st.rerun()


def my_password(person: Actor) -> None:
    with reading() as db:
        has_one = accounts.has_password(db, person)
    if not has_one:
        st.info("You sign in by another provider, so there is no password here to change.", icon=":material/key:")
        return
    st.caption("Changing it signs you out everywhere else.")
    with st.form("password", border=False, clear_on_submit=True):
        old = st.text_input("Current password", type="password", key="old_password", autocomplete="current-password")
        rule = f"At least {settings().password_min_length} characters; several unrelated words."
        new = st.text_input("New password", type="password", help=rule, autocomplete="new-password")
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        if not st.form_submit_button("Change password", type="primary"):
            return
    if new != again:
        st.error("The two new passwords differ. Type the same one twice.", icon=":material/error:")
        return
    if not is_still(person, old):
        return
    change = PasswordChange(current_password=SecretStr(old), new_password=SecretStr(new))
    with action("Password changed. Other browsers are signed out.") as db:
        current = accounts.current_session(db, session_token() or "")
        accounts.change_password(db, person, change, keep_session=current.id if current else None)
