"""Parts of the settings page: where I am signed in, and the keys that act as me."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import ApiKey, KeyCreate, NewKey, Scope, Session
from app.core import clock
from app.core.actor import Actor, Role
from app.ui.page import action, confirm, plain, reading, session_token, when
from app.ui.reconfirm import confirm_with_password, is_still, password_field

NEW_KEY = "new_key"
ENDS_SOON = timedelta(days=14)
SCOPES = {Scope.read: "read only", Scope.write: "read and change", Scope.admin: "everything, administration too"}
LASTS = {30: "30 days", 90: "90 days", 365: "A year", 0: "Until it is revoked"}
# The first that fits names the browser: most call themselves Chrome and Safari as well.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def my_sessions(person: Actor) -> None:
    with reading() as db:
        current = accounts.current_session(db, session_token() or "")
        mine = accounts.sessions(db, person, current=current.id if current else None)
    if len(mine) > 1 and current and st.button("Sign out everywhere else", icon=":material/devices_off:"):
        _ask_to_end_others(person, current.id)
    for session in mine:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.markdown(f"**{browser_name(session.user_agent)}**{' :blue-badge[this one]' * session.is_current}")
                st.caption(_place(session))
            if not session.is_current and st.button("Sign out", key=f"end_{session.id}"):
                _ask_to_end(person, session)


def _ask_to_end(person: Actor, session: Session) -> None:
    def end() -> None:
        with action("Signed out there.") as db:
            accounts.revoke_session(db, person, session.id)
            st.rerun()

    question = f"Sign out {browser_name(session.user_agent)}?"
    confirm_with_password(person, question, verb="Sign out", act=end, detail=f"{_place(session)}.")


def _ask_to_end_others(person: Actor, here: UUID) -> None:
    def end() -> None:
        with action("Signed out everywhere else.") as db:
            accounts.end_other_sessions(db, person, keep=here)
            st.rerun()

    detail = "All other browsers must sign in again. API keys go on working."
    confirm_with_password(person, "Sign out everywhere else?", verb="Sign out", act=end, detail=detail)


def browser_name(user_agent: str) -> str:
    """`Chrome on Linux`, good enough to tell one's own devices apart."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "Unknown browser")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser


def my_keys(person: Actor) -> None:
    st.caption("A key lets a script act as you. The API is described at [/api/v1/docs](/api/v1/docs).")
    _show_new_key()
    with st.form("key", clear_on_submit=True, enter_to_submit=False):
        name = st.text_input("What is it for?", placeholder="Nightly upload", max_chars=120)
        allowed = [scope for scope in SCOPES if scope is not Scope.admin or person.role is Role.admin]
        scope = st.selectbox("What may it do?", allowed, format_func=SCOPES.__getitem__)
        days = st.selectbox("How long?", list(LASTS), index=1, format_func=LASTS.__getitem__)
        password = password_field(person, key="password_for_key")
        if st.form_submit_button("Create key", type="primary") and is_still(person, password):
            _create_key(person, name, scope, clock.now() + timedelta(days=days) if days else None)
    with reading() as db:
        mine = accounts.keys(db, person)
    if not mine:
        st.caption("You have no keys yet.")
    for key in mine:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.text(key.name)
                st.caption(_facts(key))
            if not key.revoked_at and st.button("Revoke", key=f"revoke_{key.id}"):
                act = partial(_revoke, person, key.id)
                confirm(
                    f"Revoke the key {key.prefix}…?", verb="Revoke", act=act, detail="Scripts that use it stop working."
                )


def _place(session: Session) -> str:
    return f"{session.ip or 'Unknown address'}, since {when(session.created_at)}, active {when(session.last_seen_at)}"


def _facts(key: ApiKey) -> str:
    used = f"last used {when(key.last_used_at)}" + (f" from {plain(key.last_used_ip)}" if key.last_used_ip else "")
    state = f"revoked {when(key.revoked_at)}" if key.revoked_at else used
    ends = f", ends {when(key.expires_at)}" if key.expires_at else ", without end"
    return f"`{key.prefix}…` {', '.join(SCOPES[item] for item in key.scopes)}, {state}{ends}{_warning(key)}"


def _warning(key: ApiKey) -> str:
    if key.revoked_at or not key.expires_at or key.expires_at > clock.now() + ENDS_SOON:
        return ""
    return " :red-badge[expired]" if key.expires_at <= clock.now() else " :orange-badge[ends soon: make a new one]"


def _create_key(person: Actor, name: str, scope: Scope, until: datetime | None) -> None:
    if not name.strip():
        st.error("Say what the key is for, so that you know later which one to revoke.", icon=":material/error:")
        return
    with action() as db:
        new = KeyCreate(name=name, scopes=[scope], expires_at=until)
        st.session_state[NEW_KEY] = accounts.create_key(db, person, new)
        st.rerun()


def _show_new_key() -> None:
    new: NewKey | None = st.session_state.get(NEW_KEY)
    if new is None:
        return
    with st.container(border=True):
        st.success("Copy the key now. It is not shown again.", icon=":material/key:")
        st.code(new.key, language=None, wrap_lines=True)
        if st.button("I have copied it", type="primary"):
            del st.session_state[NEW_KEY]
            st.rerun()


def _revoke(person: Actor, key_id: UUID) -> None:
    with action("Key revoked.") as db:
        accounts.revoke_key(db, person, key_id)
        st.rerun()
