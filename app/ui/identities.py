"""How somebody signs in with another provider, on their own settings page and for administrators."""

from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import Person
from app.admissions import service as admissions
from app.admissions.schemas import Identity
from app.core.actor import Actor
from app.core.settings import settings
from app.ui.page import action, confirm, plain, reading, when
from app.ui.reconfirm import confirm_with_password

NO_WAY_IN = "It is your only way in: you have no password. “Forgot the password?” on the sign-in page makes one."


def my_identities(person: Actor) -> None:
    with reading() as db:
        mine = admissions.identities(db, person, person.id)
        stays_in = accounts.has_password(db, person)
    if not mine and not admissions.oidc_configured():
        return
    name = plain(settings().oidc_name)
    st.divider()
    st.markdown(f"**Signing in with {name}**")
    if not mine:
        st.caption(f"Not linked yet. Sign in with {name} once, with the e-mail address of this account.")
    for identity in mine:
        if _line(identity, disabled=not stays_in, hint=None if stays_in else NO_WAY_IN):
            act, question = partial(_unlink, person, identity.id), f"Stop signing in with {name}?"
            detail = "Your password is the only way in then. Signing in there once more links it again."
            confirm_with_password(person, question, verb="Unlink", act=act, detail=detail)


def identities_of(person: Actor, one: Person) -> None:
    with reading() as db:
        theirs = admissions.identities(db, person, one.id)
    if not theirs:
        return
    with st.expander(f"Signs in with another provider ({len(theirs)})", icon=":material/badge:"):
        for identity in theirs:
            if _line(identity):
                act, question = partial(_unlink, person, identity.id), f"Unlink {plain(one.name)} from this identity?"
                detail = "They need a password then, until they sign in there again with the address of their account."
                confirm(question, verb="Unlink", act=act, detail=detail)


def _line(identity: Identity, *, disabled: bool = False, hint: str | None = None) -> bool:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(identity.email or identity.subject)
            place = plain(urlsplit(identity.issuer).netloc)
            st.caption(f"{place}, linked {when(identity.created_at)}, last used {when(identity.last_used_at)}")
        return st.button("Unlink", key=f"unlink_{identity.id}", disabled=disabled, help=hint)


def _unlink(person: Actor, identity_id: UUID) -> None:
    with action("Unlinked.") as db:
        admissions.unlink_identity(db, person, identity_id)
        st.rerun()
