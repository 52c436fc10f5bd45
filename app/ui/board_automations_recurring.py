"""Recurring cards: which, when next, and what came of them."""

from functools import partial

import streamlit as st

from app.core import clock
from app.schedules.schemas import Timing
from app.tasks.automations.schemas import (
    Recurrence,
    RecurrenceChange,
    RecurrenceCreate,
    RecurrenceOutcome,
    RecurrenceRun,
)
from app.tasks.service import automations
from app.ui.board_automations import Scene, go, place, saved
from app.ui.board_automations_content import checked_content, content_fields, place_fields
from app.ui.card_parts import checked, delete_button, later
from app.ui.page import action, empty_state, plain, reading, relative, when
from app.ui.timing_form import timing_input, two_clocks

ICONS = {
    RecurrenceOutcome.made: ":green[:material/check_circle:] **Made**",
    RecurrenceOutcome.skipped: ":gray[:material/skip_next:] **Left out**",
    RecurrenceOutcome.failed: ":red[:material/error:] **Failed**",
}


def recurring_section(scene: Scene) -> None:
    now = place()
    if now.form == "edit":
        _form(scene, now.item)
    elif now.form == "log":
        _log(scene, now.item)
    else:
        _list(scene)


def _list(scene: Scene) -> None:
    with reading() as db:
        found = automations.recurrences(db, scene.person, scene.board.id, limit=200).items
    if not found:
        empty_state("event_repeat", "No recurring cards yet", "Such as a review each Monday at 8, due two days later.")
    for one in found:
        _one(scene, one)
    if scene.may_work:
        st.button("New recurring card", icon=":material/add:", type="primary", on_click=go, args=("edit",))


def _one(scene: Scene, one: Recurrence) -> None:
    key = f"recurring-{one.id}"
    with st.container(border=True, gap="xsmall", key=key):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.content.title)}**", width="stretch")
            if scene.may_work:
                st.toggle("On", one.enabled, key=f"{key}-on-{one.version}", on_change=_switch, args=(scene, one))
        column = scene.names.columns.get(one.column_id) if one.column_id else None
        st.markdown(plain(one.explanation) + (f" · in {plain(column)}" if column else ""))
        st.caption(_next(one))
        with st.container(horizontal=True, gap="small"):
            if scene.may_work:
                st.button("Edit", key=f"{key}-edit", icon=":material/edit:", on_click=go, args=("edit", one))
                act = partial(automations.delete_recurrence, actor=scene.person, recurrence_id=one.id)
                title = plain(one.content.title)
                delete_button(f"{key}-delete", f"the recurring card “{title}”", "Deleted.", act)
            st.button("Log", key=f"{key}-log", icon=":material/history:", on_click=go, args=("log", one))


def _next(one: Recurrence) -> str:
    if not one.enabled:
        return "Off: no card is made."
    if one.next_at is None:
        return "Over: no date is left."
    only = " · only if the last one is done" if one.only_if_done else ""
    until = f" · until {one.until.day} {one.until:%b %Y}" if one.until else ""
    return f"Next {relative(one.next_at, clock.now())}: {two_clocks(one.next_at, one.zone)}{only}{until}"


def _switch(scene: Scene, one: Recurrence) -> None:
    change = RecurrenceChange(version=one.version, enabled=not one.enabled)
    done = "Switched off." if one.enabled else "Switched on."
    later(done, lambda db: automations.change_recurrence(db, scene.person, one.id, change))


def _form(scene: Scene, given: Recurrence | None) -> None:
    st.button("All recurring cards", icon=":material/arrow_back:", type="tertiary", on_click=go)
    facts = content_fields(scene, given.content if given else None)
    where = place_fields(scene, given.column_id if given else None, given.lane_id if given else None)
    st.divider()
    timing = timing_input(Timing.model_validate(given) if given else None)
    left, right = st.columns(2)
    until = left.date_input(
        "Until", given.until if given else None, format="YYYY-MM-DD", help="The last day; empty: for ever"
    )
    with right:
        only = st.checkbox("Only if the last one is done", given.only_if_done if given else False)
        st.caption("Of moments that were missed, only the last one makes a card.")
    if st.button("Save", type="primary", key="recurring-save"):
        with action("Saved.") as db:
            wanted = {
                "content": checked_content(facts),
                **where,
                "timing": timing.model_dump(),
                "until": until,
                "only_if_done": only,
            }
            if given:
                change = checked(RecurrenceChange, version=given.version, **wanted)
                automations.change_recurrence(db, scene.person, given.id, change)
            else:
                new = checked(RecurrenceCreate, **wanted)
                automations.create_recurrence(db, scene.person, scene.board.id, new)
            saved()


def _log(scene: Scene, one: Recurrence) -> None:
    st.button("All recurring cards", icon=":material/arrow_back:", type="tertiary", on_click=go)
    st.markdown(f"**{plain(one.content.title)}**")
    with reading() as db:
        runs = automations.recurrence_runs(db, scene.person, one.id).items
    if not runs:
        empty_state("history", "No card was made yet", "Each card, and each one that was left out, is listed here.")
    for run in runs:
        st.markdown(_told(run))


def _told(run: RecurrenceRun) -> str:
    return f"{ICONS[run.outcome]} · {when(run.occasion)}  \n{plain(run.text)}"
