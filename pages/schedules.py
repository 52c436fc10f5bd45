"""Schedules: what is sent when, to whom, and what came of it."""

from uuid import UUID

import streamlit as st

from app.core.actor import Role
from app.schedules import service as schedules
from app.schedules.schemas import Schedule
from app.sharing.schemas import Kind, Level
from app.ui.address import id_in_address
from app.ui.page import action, confirm, empty_state, page_header, plain, reading, viewer
from app.ui.schedule_form import edit_schedule, new_schedule
from app.ui.schedule_view import history, next_run, state_badge
from app.ui.share_dialog import sharing_line

PAGE_SIZE = 50

person = viewer()
may_write = person.role.includes(Role.author)


def may_change(found: Schedule) -> bool:
    return may_write and found.level is Level.edit


def one_line(found: Schedule) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch", gap="xxsmall"):
                if st.button(plain(found.name), key=f"open_{found.id}", type="tertiary"):
                    st.query_params["schedule"] = str(found.id)
                    st.rerun()
                st.caption(found.explanation)
                next_run(found)
            state_badge(found)
            if may_change(found):
                buttons(found)
        if found.error:
            st.error(f"Switched off: {plain(found.error)}", icon=":material/error:")


def buttons(found: Schedule) -> None:
    if st.button("Run now", key=f"run_{found.id}", icon=":material/play_arrow:"):
        with action("Started. The history shows how it goes.") as db:
            schedules.run_now(db, person, found.id)
    word, icon = ("Pause", "pause") if found.enabled else ("Resume", "resume")
    if st.button(word, key=f"pause_{found.id}", icon=f":material/{icon}:"):
        with action(f"{plain(found.name)}: {word.lower()}d.") as db:
            (schedules.pause_schedule if found.enabled else schedules.resume_schedule)(db, person, found.id)
            st.rerun()


def detail(schedule_id: UUID) -> None:
    with reading() as db:
        found = schedules.schedule(db, person, schedule_id)
    if st.button("All schedules", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    page_header(found.name, found.explanation)
    if found.error:
        st.error(f"Switched off: {plain(found.error)}", icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(found)
        if may_change(found):
            buttons(found)
            if st.button("Change", icon=":material/edit:"):
                edit_schedule(person, found)
            if person.id == found.owner_id or person.role is Role.admin:
                delete_button(found)
    sharing_line(person, Kind.schedule, found.id)
    history(person, found)


def delete_button(found: Schedule) -> None:
    def delete() -> None:
        with action(f"{plain(found.name)} is deleted.") as db:
            schedules.delete_schedule(db, person, found.id)
            st.query_params.clear()
            st.rerun()

    if st.button("Delete", icon=":material/delete:"):
        detail = "It runs no more. Reports and deliveries that it made stay."
        confirm(f"Delete {plain(found.name)}?", verb="Delete", act=delete, detail=detail)


def listing() -> None:
    page_header("Schedules", "Reports that are made and sent by themselves, on time in any zone.")
    if may_write and st.button("New schedule", type="primary", icon=":material/add:"):
        st.session_state.pop("new_schedule_from", None)
        new_schedule(person)
    cursors: list[str] = st.session_state.setdefault("schedule_cursors", [])
    with reading() as db:
        page = schedules.schedules(db, person, limit=PAGE_SIZE, cursor=cursors[-1] if cursors else None)
    if not page.items:
        hint = "Choose a template, a time and who gets it." if may_write else "An author has not made any so far."
        empty_state("event_repeat", "No schedules yet", hint)
    for found in page.items:
        one_line(found)
    with st.container(horizontal=True):
        if cursors and st.button("Back", icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if page.next_cursor and st.button("More", icon=":material/chevron_right:"):
            cursors.append(page.next_cursor)
            st.rerun()


if schedule_id := id_in_address("schedule"):
    detail(schedule_id)
else:
    listing()
    if (template_id := st.query_params.pop("new", None)) and may_write:
        st.session_state["new_schedule_from"] = template_id
        new_schedule(person)
