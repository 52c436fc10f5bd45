"""Beside every page: who is signed in, for how long, and the way out."""

from datetime import timedelta

import streamlit as st

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.ui.page import action, leave, reading, session_token, zone

WARN_BEFORE = timedelta(minutes=30)
LOOK_EVERY = "60s"


def sidebar(person: Actor) -> None:
    with st.sidebar:
        ending_soon()
        st.text(f"{person.name}\n{person.email}")
        st.caption(f"All times in {zone().key}")
        if st.button("Sign out", icon=":material/logout:", width="stretch"):
            with action() as db:
                accounts.sign_out(db, session_token(), ip=person.ip)
            leave("/auth/login")
            st.stop()


@st.fragment(run_every=LOOK_EVERY)
def ending_soon() -> None:
    """Shown once little time is left, so that nobody loses what they are typing."""
    token = session_token()
    with reading() as db:
        session = accounts.current_session(db, token) if token else None
    if session is None or session.ends_at - clock.now() > WARN_BEFORE:
        return
    minutes = max(1, round((session.ends_at - clock.now()).total_seconds() / 60))
    st.warning(f"You will be signed out in {minutes} min.", icon=":material/timer:")
    if st.button("Stay signed in", width="stretch"):
        with action() as db:
            accounts.extend(db, token or "")
        st.rerun(scope="fragment")
