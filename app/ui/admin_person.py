"""Administration: one person, their role, and what they have open."""

from functools import partial
from uuid import UUID

import streamlit as st
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import ApiKey, Person, PersonChange, Session
from app.core.actor import Actor, Role
from app.ui.admin_hand_over import deactivate
from app.ui.identities import identities_of
from app.ui.my_access import SCOPES, browser_name
from app.ui.page import action, confirm, plain, reading, when
from app.ui.reconfirm import is_still, password_field
from app.ui.reset_link import reset_link

MOST = 200


def show_person(person: Actor, one: Person, meaning: dict[Role, str], teams: str) -> None:
    with st.container(border=True):
        st.header(plain(one.name), anchor=False)
        st.caption(plain(" · ".join(part for part in (one.email, one.job_title, teams and f"Teams: {teams}") if part)))
        _role(person, one, meaning)
        if not one.is_active:
            _let_in_again(person, one)
            return
        with reading() as db:
            sessions = accounts.sessions_of(db, person, one.id, limit=MOST).items
            keys = [key for key in accounts.keys_of(db, person, one.id, limit=MOST).items if not key.revoked_at]
        _buttons(person, one, len(sessions))
        _sessions(person, one, sessions)
        _keys(person, keys)
        identities_of(person, one)


def _role(person: Actor, one: Person, meaning: dict[Role, str]) -> None:
    with st.form(f"person_{one.id}", border=False):
        role = st.selectbox("Role", list(Role), index=list(Role).index(one.role), format_func=meaning.__getitem__)
        password = st.text_input(
            "New password", type="password", help="Leave empty to keep the present one.", autocomplete="new-password"
        )
        mine = password_field(person, key=f"password_for_{one.id}")
        if not st.form_submit_button("Save", type="primary") or not is_still(person, mine):
            return
    change = PersonChange(role=role, password=SecretStr(password) if password else None)
    with action(f"{plain(one.name)} saved.") as db:
        accounts.change_person(db, person, one.id, change)
        st.rerun()


def _let_in_again(person: Actor, one: Person) -> None:
    st.caption("Deactivated: cannot sign in, and nothing runs in their name.")
    if st.button("Let in again", icon=":material/lock_open:"):
        with action(f"{plain(one.name)} can sign in again.") as db:
            accounts.change_person(db, person, one.id, PersonChange(is_active=True))
            st.rerun()


def _buttons(person: Actor, one: Person, signed_in: int) -> None:
    with st.container(horizontal=True):
        if st.button("Sign out everywhere", icon=":material/devices_off:", disabled=not signed_in):
            places = "1 place" if signed_in == 1 else f"{signed_in} places"
            act, detail = partial(_sign_out, person, one), f"They are signed in at {places}. Work not saved is lost."
            confirm(f"Sign {plain(one.name)} out everywhere?", verb="Sign out", act=act, detail=detail)
        reset_link(person, one)
        if one.id != person.id and st.button("Deactivate", icon=":material/person_off:"):
            deactivate(person, one)


def _sign_out(person: Actor, one: Person) -> None:
    with action(f"{plain(one.name)} is signed out everywhere.") as db:
        accounts.end_sessions_of(db, person, one.id)
        st.rerun()


def _sessions(person: Actor, one: Person, sessions: list[Session]) -> None:
    if not sessions:
        st.caption("Not signed in anywhere.")
        return
    with st.expander(f"Signed in ({len(sessions)})", icon=":material/devices:"):
        for session in sessions:
            place = f"{session.ip or 'Unknown address'}, active {when(session.last_seen_at)}"
            if _line(browser_name(session.user_agent), place, "Sign out", f"end_{session.id}"):
                with action("Signed out there.") as db:
                    accounts.end_session_of(db, person, one.id, session.id)
                    st.rerun()


def _keys(person: Actor, keys: list[ApiKey]) -> None:
    if not keys:
        st.caption("No API keys.")
        return
    with st.expander(f"API keys ({len(keys)})", icon=":material/key:"):
        for key in keys:
            scopes = ", ".join(SCOPES[scope] for scope in key.scopes)
            ends = f" · ends {when(key.expires_at)}" if key.expires_at else ""
            facts = f"`{key.prefix}…` {scopes} · last used {when(key.last_used_at)}{ends}"
            if _line(key.name, facts, "Revoke", f"revoke_{key.id}"):
                act, detail = partial(_revoke, person, key.id), "Scripts that use it stop working at once."
                confirm(f"Revoke the key “{plain(key.name)}”?", verb="Revoke", act=act, detail=detail)


def _line(title: str, facts: str, verb: str, key: str) -> bool:
    """True when the button beside it was clicked."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(title)
            st.caption(facts)
        return st.button(verb, key=key)


def _revoke(person: Actor, key_id: UUID) -> None:
    with action("Key revoked.") as db:
        accounts.revoke_key(db, person, key_id)
        st.rerun()
