"""Administration: who was invited, and what became of it."""

import streamlit as st
from pydantic import ValidationError

from app.accounts import service as accounts
from app.admissions import service as admissions
from app.admissions.schemas import Invitation, InvitationCreate, State
from app.core.actor import Actor, Role
from app.core.settings import settings
from app.deliveries import service as deliveries
from app.sharing import service as sharing
from app.ui.admin_people import MEANING
from app.ui.link_once import keep_link, show_link
from app.ui.page import action, confirm, empty_state, plain, reading, when

SHOWN, MOST = 50, 200
OPEN_TO_CHANGE = (State.open, State.expired)
NO_MAIL = "No mail account is set up under Deliveries: you get a link to pass on yourself."
CLOSED = "Nobody can be invited while SIGNUP is `closed`. Add people by hand on the tab People."


def show(person: Actor) -> None:
    show_link()
    if settings().signup == "closed":
        st.info(CLOSED, icon=":material/info:")
    elif st.button("Invite a person", type="primary", icon=":material/mail:"):
        _invite(person)
    shown = st.session_state.setdefault("invitations_shown", SHOWN)
    with reading() as db:
        page = admissions.invitations_page(db, person, limit=shown)
        inviters = accounts.entries_of(db, {one.invited_by for one in page.items if one.invited_by})
        teams = {team.id: team.name for team in sharing.teams(db, person)}
    if not page.items:
        empty_state("mail", "Nobody was invited yet", "An invitation gives a person a role and teams from the start.")
        return
    rows = [
        {
            "Email": one.email,
            "Role": one.role.value,
            "Teams": ", ".join(teams[team] for team in one.team_ids if team in teams),
            "Status": one.state.value,
            "Good until": when(one.expires_at) if one.state in OPEN_TO_CHANGE else "–",
            "Sent": when(one.sent_at) if one.by_mail else f"by hand, {when(one.sent_at)}",
            "Invited by": inviters[one.invited_by][0] if one.invited_by else "–",
        }
        for one in page.items
    ]
    st.caption("Select a row to send an invitation again or to revoke it.")
    chosen = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="single-row", key="invitations", alt="Invitations"
    )
    if page.next_cursor and shown < MOST and st.button("Show more", icon=":material/expand_more:"):
        st.session_state["invitations_shown"] = min(shown + SHOWN, MOST)
        st.rerun()
    if chosen.selection.rows:
        _one(person, page.items[chosen.selection.rows[0]])


@st.dialog("Invite a person")
def _invite(person: Actor) -> None:
    with reading() as db:
        teams = {team.id: team.name for team in sharing.teams(db, person)}
        by_mail = deliveries.can_send_letters(db)
    with st.form("invitation", border=False):
        email = st.text_input("Email", max_chars=254)
        role = st.selectbox("Role", list(Role), index=1, format_func=MEANING.__getitem__)
        chosen = st.multiselect("Teams", list(teams), format_func=teams.__getitem__) if teams else []
        if not by_mail:
            st.caption(NO_MAIL)
        if not st.form_submit_button("Send the invitation" if by_mail else "Make the link", type="primary"):
            return
    try:
        new = InvitationCreate(email=email, role=role, team_ids=chosen)
    except ValidationError as error:
        st.error(f"Email: {error.errors()[0]['msg'].removeprefix('Value error, ')}", icon=":material/error:")
        return
    with action(f"{plain(new.email)} is invited.") as db:
        keep_link("Invitation", new.email, admissions.invite(db, person, new).link)
        st.rerun()


def _one(person: Actor, one: Invitation) -> None:
    if one.state not in OPEN_TO_CHANGE:
        st.caption(f"The invitation of {plain(one.email)} is {one.state.value}: there is nothing left to do.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(one.email)}**", width="content")
        if st.button("Send again", icon=":material/send:", help="With a new link; the older one is void."):
            with action(f"{plain(one.email)} is invited again.") as db:
                keep_link("Invitation", one.email, admissions.send_again(db, person, one.id).link)
                st.rerun()
        if st.button("Revoke", icon=":material/block:"):
            _ask_to_revoke(person, one)


def _ask_to_revoke(person: Actor, one: Invitation) -> None:
    def revoke() -> None:
        with action("The invitation is revoked.") as db:
            admissions.revoke_invitation(db, person, one.id)
            st.rerun()

    detail = "Its link stops working at once. You can invite the person again later."
    confirm(f"Revoke the invitation of {plain(one.email)}?", verb="Revoke", act=revoke, detail=detail)
