"""Beside every page: who is signed in, for how long, and the way out."""

from datetime import timedelta

import streamlit as st

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.core.settings import settings
from app.ui.page import action, leave, reading, relative, session_token, zone

WARN_BEFORE = timedelta(minutes=30)
LOOK_EVERY = 60.0


def warn_before() -> timedelta:
    """A third of a short session, or the warning would always be there."""
    return min(WARN_BEFORE, timedelta(seconds=settings().session_timeout / 3))


def look_every() -> float:
    """Seconds; often enough to warn in time."""
    return min(LOOK_EVERY, settings().session_timeout / 12)


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


def ending_soon() -> None:
    st.fragment(_warning, run_every=look_every())()


def _warning() -> None:
    """Shown once little time is left, so that nobody loses what they are typing. Looking is no activity."""
    token = session_token()
    with reading() as db:
        session = accounts.current_session(db, token) if token else None
    if session is None or session.ends_at - clock.now() > warn_before():
        return
    st.warning(f"You will be signed out {relative(session.ends_at, clock.now())}.", icon=":material/timer:")
    if session.ends_at >= session.expires_at:
        st.caption("A session ends then in any case. Save your work and sign in again.")
    elif st.button("Extend", help="Stay signed in", width="stretch", type="primary"):
        with action("You stay signed in.") as db:
            accounts.extend(db, token or "")
        st.rerun(scope="fragment")
