"""A link to a new password, for somebody whom an administrator helps."""

from functools import partial

import streamlit as st

from app.accounts.schemas import Person
from app.admissions import service as admissions
from app.core.actor import Actor
from app.deliveries import service as deliveries
from app.ui.link_once import keep_link
from app.ui.page import action, plain, reading
from app.ui.reconfirm import confirm_with_password


def reset_link(person: Actor, one: Person) -> None:
    """A button; where no mail can be sent, the page shows the link above, once."""
    with reading() as db:
        by_mail = deliveries.can_send_letters(db)
    label = "Send a link to a new password" if by_mail else "Make a link to a new password"
    hint = "Works once, for 30 minutes. The present password stays good until then."
    if st.button(label, icon=":material/key:", help=hint, key=f"reset_{one.id}"):
        question = f"{label} for {plain(one.name)}?"
        confirm_with_password(person, question, verb="Go on", act=partial(_make, person, one, by_mail), detail=hint)


def _make(person: Actor, one: Person, by_mail: bool) -> None:
    with action(f"A link is on its way to {plain(one.email)}." if by_mail else "") as db:
        keep_link("Link to a new password", one.name, admissions.make_reset_link(db, person, one.id).link)
        st.rerun()
