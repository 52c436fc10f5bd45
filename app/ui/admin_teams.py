"""Administration: teams, who is in them, and who leads them."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.accounts import service as accounts
from app.core.actor import Actor
from app.sharing import service as sharing
from app.sharing.schemas import MemberAdd, Team, TeamChange, TeamCreate, TeamMember
from app.ui.page import action, confirm, empty_state, plain, reading


def show(person: Actor) -> None:
    st.caption("What is shared with a team is shared with everybody in it. Those who lead it say who is in it.")
    if st.button("New team", type="primary", icon=":material/group_add:"):
        _new_team(person)
    with reading() as db:
        teams = sharing.teams(db, person)
        names = accounts.person_names(db, person)
    if not teams:
        empty_state("groups", "No teams yet", "Without teams, everything new is open to everybody.")
    for team in teams:
        _team(person, team, names)


def _team(person: Actor, team: Team, names: dict[UUID, str]) -> None:
    members = "1 person" if len(team.members) == 1 else f"{len(team.members)} people"
    label = f"**{plain(team.name)}** · {members} · {_things(team)}"
    with st.expander(label, icon=":material/group:", key=f"team_{team.id}"):
        if team.description:
            st.text(team.description)
        for member in team.members:
            _member(person, team, member)
        _add(person, team, names)
        with st.container(horizontal=True):
            if st.button("Rename", key=f"rename_{team.id}", icon=":material/edit:"):
                _rename(person, team)
            if st.button("Delete", key=f"delete_{team.id}", icon=":material/delete:"):
                _ask_to_delete(person, team)


def _things(team: Team) -> str:
    return f"{team.shared_things or 'no'} shared thing{'s' * (team.shared_things != 1)}"


def _member(person: Actor, team: Team, member: TeamMember) -> None:
    key = f"{team.id}_{member.person_id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(member.name) + ("" if member.is_active else " :gray-badge[deactivated]"), width="stretch")
        # The present state is in the key: a page that was open before must not put back what somebody else changed.
        toggle = f"lead_{key}_{member.is_lead}"
        leads = st.toggle("Leads", member.is_lead, key=toggle, disabled=not member.is_active)
        gone = st.button("Remove", key=f"remove_{key}", help=f"Take {plain(member.name)} out of the team")
    if gone:
        with action(f"{plain(member.name)} is out of {plain(team.name)}.") as db:
            sharing.remove_member(db, person, team.id, member.person_id)
            st.rerun()
    elif leads is not member.is_lead:
        with action("Saved.") as db:
            sharing.add_member(db, person, team.id, MemberAdd(person_id=member.person_id, is_lead=leads))
            st.rerun()


def _add(person: Actor, team: Team, names: dict[UUID, str]) -> None:
    inside = {member.person_id for member in team.members}
    others = {key: name for key, name in names.items() if key not in inside}
    with st.form(f"add_{team.id}", clear_on_submit=True, border=False):
        chosen = st.multiselect("Add people", list(others), format_func=others.__getitem__, placeholder="Choose people")
        added = st.form_submit_button("Add", icon=":material/add:")
    if added and chosen:
        with action(f"Added to {plain(team.name)}.") as db:
            for one in chosen:
                sharing.add_member(db, person, team.id, MemberAdd(person_id=one))
            st.rerun()


@st.dialog("New team")
def _new_team(person: Actor) -> None:
    with st.form("new_team", border=False):
        name = st.text_input("Name", max_chars=80)
        description = st.text_input("What is it for?", max_chars=500)
        if not st.form_submit_button("Create", type="primary"):
            return
    try:
        new = TeamCreate(name=name, description=description)
    except ValidationError:
        st.error("Give the team a name.", icon=":material/error:")
        return
    with action(f"{plain(new.name)} is there. Add people to it.") as db:
        sharing.create_team(db, person, new)
        st.rerun()


@st.dialog("Rename the team")
def _rename(person: Actor, team: Team) -> None:
    with st.form("rename_team", border=False):
        name = st.text_input("Name", team.name, max_chars=80)
        description = st.text_input("What is it for?", team.description, max_chars=500)
        if not st.form_submit_button("Save", type="primary"):
            return
    try:
        change = TeamChange(name=name, description=description)
    except ValidationError:
        st.error("Give the team a name.", icon=":material/error:")
        return
    with action("Saved.") as db:
        sharing.change_team(db, person, team.id, change)
        st.rerun()


def _ask_to_delete(person: Actor, team: Team) -> None:
    def delete() -> None:
        with action(f"The team {plain(team.name)} is deleted.") as db:
            sharing.delete_team(db, person, team.id)
            st.rerun()

    lost = "Nothing is shared with it." if not team.shared_things else (
        f"{_things(team).capitalize()} will no longer be shared with its members. "
        "Owners and administrators keep them; share them anew with whom you want."
    )  # fmt: skip
    confirm(f"Delete the team {plain(team.name)}?", verb="Delete", act=delete, detail=lost)
