"""Before something dangerous the password is asked for again, in the dialog that asks whether it is meant.

if st.button("Delete"):
    confirm_with_password(person, "Delete it?", verb="Delete", act=delete)   # `act` as for page.confirm
"""

from collections.abc import Callable

import streamlit as st
from pydantic import SecretStr

from app.accounts import limits
from app.accounts import service as accounts
from app.core.actor import Actor
from app.core.db import transaction
from app.core.errors import AppError
from app.ui.page import plain, reading, session_token, submit_or_cancel

WRONG = "This is not your password. Nothing was changed."


def confirm_with_password(
    person: Actor, question: str, *, verb: str, act: Callable[[], None], detail: str = "This cannot be undone."
) -> None:
    """Call it when the button was clicked. `act` does the work in its own `action(…)` and reruns."""

    @st.dialog(question)
    def ask() -> None:
        st.write(detail)
        with st.form("confirm_with_password", border=False):
            password = password_field(person)
            meant, cancelled = submit_or_cancel(verb)
        if cancelled:
            st.rerun()
        if meant and is_still(person, password):
            act()

    ask()


def password_field(person: Actor, key: str = "password_again") -> str:
    """Empty for somebody who has no password: their sign-in must be a fresh one."""
    with reading() as db:
        asked = accounts.has_password(db, person)
    if not asked:
        st.caption("Your account has no password. You must have signed in within the last five minutes.")
        return ""
    return st.text_input("Your password", type="password", key=key, autocomplete="current-password")


def may_try_code(person: Actor) -> bool:
    """Of a new authenticator. In a transaction of its own, so that a wrong one counts. Says how long to wait."""
    try:
        with transaction() as db:
            limits.spend_set_up(db, person.id)
    except AppError as error:
        st.error(plain(error.message), icon=":material/lock:")
        return False
    return True


def is_still(person: Actor, password: str) -> bool:
    """In a transaction of its own, so that a wrong password counts. Says what is wrong."""
    try:
        with transaction() as db:
            fits = accounts.confirm_password(db, person, SecretStr(password), session_token=session_token())
    except AppError as error:
        st.error(plain(error.message), icon=":material/lock:")
        return False
    if not fits:
        st.error(WRONG, icon=":material/lock:")
    return fits
