"""Who may use a thing: one line for everybody who sees it, a dialog for who may change it, a choice for a new one."""

from typing import Literal
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.sharing import service as sharing
from app.sharing.schemas import Directory, Kind, Level, Share, ShareCreate, Sharing
from app.ui.page import action, plain, reading, viewer

LEVELS = {Level.view: "Can view", Level.edit: "Can edit"}
NAMED = 3  # in the line; the dialog has all
EVERYBODY, NOBODY_ELSE = "Everybody", "Only me"


def sharing_line(person: Actor, kind: Kind, thing_id: UUID) -> None:
    """Below the title of a thing: with whom it is shared and, for its owner and administrators, a way to change it."""
    with reading() as db:
        seen = sharing.sharing(db, person, kind, thing_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(in_words(seen, person), width="content")
        if seen.may_share and st.button("Share", key=f"share_{thing_id}", icon=":material/group_add:", type="tertiary"):
            share(kind, thing_id)


def in_words(seen: Sharing, person: Actor) -> str:
    """`Owner: Ann · shared with everybody (can edit) and 2 more`, as Markdown."""
    owner = "you" if seen.owner_id is not None and seen.owner_id == person.id else plain(seen.owner)
    if not seen.shares:
        return f":material/lock: Owner: {owner} · not shared, only administrators see it too"
    named = [f"{_name(one)} ({LEVELS[one.level].lower()})" for one in seen.shares[:NAMED]]
    more = len(seen.shares) - NAMED
    listed = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    return f":material/group: Owner: {owner} · shared with {listed}"


def share(kind: Kind, thing_id: UUID) -> None:
    @st.dialog(f"Share this {kind.value}", width="medium", on_dismiss="rerun")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            seen = sharing.sharing(db, person, kind, thing_id)
            known = sharing.directory(db, person)
        st.caption(
            f"Owner: {plain(seen.owner)}. Owner and administrators may always edit, share and delete it. "
            "A share gives nobody more than their role does: viewers only look."
        )
        if not seen.shares:
            st.markdown(":material/lock: Not shared with anybody yet.")
        for one in seen.shares:
            _line(person, one)
        _add(person, seen, known)

    dialog()


def choose_audience(person: Actor, *, key: str) -> list[ShareCreate]:
    """For a form that makes something: who can use it, with what would happen anyway chosen in advance."""
    with reading() as db:
        usual = sharing.default_shares(db, person)
        teams = {team.id: team.name for team in sharing.directory(db, person).teams}
    options: list[UUID | str] = [EVERYBODY, *teams, NOBODY_ELSE]
    usually = [one.team_id or EVERYBODY for one in usual] or [NOBODY_ELSE]
    chosen = st.selectbox(
        "Who can use it",
        options,
        options.index(usually[0]),
        format_func=lambda option: f"Team {teams[option]}" if option in teams else str(option),
        key=f"{key}_audience",
        help="They can edit it as far as their role allows. You can change this at any time under Share.",
    )
    if chosen == NOBODY_ELSE:
        return []
    return sharing.OPEN if chosen == EVERYBODY else [ShareCreate(team_id=UUID(str(chosen)), level=Level.edit)]


def _name(one: Share) -> str:
    if one.everybody:
        return "everybody"
    return f"team {plain(one.name)}" if one.team_id else plain(one.name)


def _line(person: Actor, one: Share) -> None:
    """A level that is chosen holds at once."""
    icon = "public" if one.everybody else "group" if one.team_id else "person"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/{icon}: {plain(one.name)}", width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            level = _level(f"What {one.name} may do", one.level, key=f"level_{one.id}", collapsed=True)
            gone = st.button("Remove", key=f"revoke_{one.id}", help=f"Stop sharing with {plain(one.name)}")
    if gone:
        with action("No longer shared.") as db:
            sharing.revoke(db, person, one.id)
            st.rerun(scope="fragment")
    elif level is not one.level:
        with action("Changed.") as db:
            sharing.grant(db, person, one.kind, one.thing_id, _wanted(one, level))
            st.rerun(scope="fragment")


def _add(person: Actor, seen: Sharing, known: Directory) -> None:
    offered = _offered(seen, known)
    if not offered:
        return
    with st.form("share_with", clear_on_submit=True, border=False):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            labels = list(offered)
            whom = st.selectbox("Share with", labels, None, placeholder="A person or a team", width="stretch")
            level = _level("They", Level.view, key="share_level")
        added = st.form_submit_button("Add", type="primary", icon=":material/add:")
    if added and whom is None:
        st.error("Choose a person, a team or everybody first.", icon=":material/error:")
    elif added and whom is not None:
        with action("Shared.") as db:
            wanted = offered[whom].model_copy(update={"level": level})
            sharing.grant(db, person, seen.kind, seen.thing_id, wanted)
            st.rerun(scope="fragment")


def _offered(seen: Sharing, known: Directory) -> dict[str, ShareCreate]:
    """Whom it is not shared with yet. Two people of one name are told apart by a number."""
    has = {one.team_id or one.person_id or EVERYBODY for one in seen.shares} | {seen.owner_id}
    every = [(EVERYBODY, EVERYBODY, ShareCreate(everybody=True))]
    teams = [(team.id, f"Team {team.name}", ShareCreate(team_id=team.id)) for team in known.teams]
    people = [(one.id, one.name, ShareCreate(person_id=one.id)) for one in known.people]
    offered: dict[str, ShareCreate] = {}
    for key, label, wanted in [*every, *teams, *people]:
        if key not in has:
            same = sum(1 for other in offered if other == label or other.startswith(f"{label} ("))
            offered[f"{label} ({same + 1})" if same else label] = wanted
    return offered


def _level(label: str, level: Level, *, key: str, collapsed: bool = False) -> Level:
    shown: Literal["visible", "collapsed"] = "collapsed" if collapsed else "visible"
    chosen = st.selectbox(
        label, list(LEVELS), list(LEVELS).index(level), format_func=LEVELS.__getitem__, key=key, width=130,
        label_visibility=shown,
    )  # fmt: skip
    return Level(chosen)


def _wanted(one: Share, level: Level) -> ShareCreate:
    return ShareCreate(person_id=one.person_id, team_id=one.team_id, everybody=one.everybody, level=level)
