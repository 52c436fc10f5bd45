"""A schedule on the page: its next run in both clocks, and each time it ran."""

from collections import Counter

import streamlit as st

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.deliveries import service as deliveries
from app.deliveries.schemas import Delivery, DeliveryFilter, State
from app.schedules import service as schedules
from app.schedules.next_fire import clock_note
from app.schedules.schemas import Fire, Schedule, Timing
from app.ui.delivery_view import BADGES, report_link
from app.ui.page import empty_state, plain, reading, relative, when
from app.ui.source_schedule import pulls_in_words, show_pull
from app.ui.timing_form import show_preview, two_clocks

FIRES_SHOWN = 20


def state_badge(found: Schedule) -> None:
    if found.error:
        st.badge("Switched off", icon=":material/error:", color="red")
    elif not found.enabled:
        st.badge("Paused", icon=":material/pause_circle:", color="gray")
    elif found.next_run_at is None:
        st.badge("Over", icon=":material/check_circle:", color="gray")
    else:
        st.badge("Active", icon=":material/check_circle:", color="green")


def next_run(found: Schedule) -> None:
    """In the schedule's zone, and as the viewer's clock has it."""
    if not found.enabled or found.next_run_at is None:
        return
    soon = relative(found.next_run_at, clock.now())
    st.caption(f"Next {soon}: {two_clocks(found.next_run_at, found.zone)}")
    if note := clock_note(found, found.next_run_at):
        st.caption(f":orange[:material/schedule: {note}]")


def history(person: Actor, found: Schedule) -> None:
    coming, past = st.columns([2, 3], gap="large")
    with coming:
        st.subheader("Next runs", anchor=False)
        if found.enabled:
            show_preview(Timing.model_validate(found, from_attributes=True))
        else:
            st.caption("Paused: it does not run by itself.")
        _what(person, found)
    with past:
        st.subheader("History", anchor=False)
        _fires(person, found)


def _what(person: Actor, found: Schedule) -> None:
    if found.what == "ingest":
        st.caption(plain(pulls_in_words(person, found)))
        return
    recipients = found.payload.get("recipients", [])
    more = f" and {len(recipients) - 5} more" if len(recipients) > 5 else ""
    st.caption(plain(f"To {', '.join(recipients[:5])}{more}"))


@st.fragment(run_every=3.0)
def _fires(person: Actor, found: Schedule) -> None:
    """Looks again by itself: a run started now shows its messages as they go out."""
    with reading() as db:
        fires = schedules.fire_history(db, person, found.id, limit=FIRES_SHOWN).items
        rows = deliveries.deliveries(db, person, DeliveryFilter(schedule_id=found.id), limit=200).items
        names = accounts.person_names(db, person)
    if not fires:
        empty_state("history", "It has not run yet", "Each run is listed here with its messages.")
    for fire in fires:
        with st.container(border=True, gap="xxsmall"):
            by = f" · started by {plain(names.get(fire.manual_by, 'somebody'))}" if fire.manual_by else ""
            late = " · late" if fire.late else ""
            st.markdown(f"**{when(fire.fire_at)}**{by}{late}")
            if found.what == "ingest":
                _brought(person, found, fire)
            else:
                _messages(fire, [row for row in rows if row.fire_at == fire.fire_at])


def _brought(person: Actor, found: Schedule, fire: Fire) -> None:
    if fire.error:
        st.error(plain(fire.error), icon=":material/error:")
    if not show_pull(person, found, fire.run_id) and not fire.error:
        st.caption("Waiting for a worker.")


def _messages(fire: Fire, rows: list[Delivery]) -> None:
    if fire.error:
        st.error(plain(fire.error), icon=":material/error:")
    if not rows:
        st.caption("No message was made." if fire.error else "No message yet.")
        return
    counts = Counter(row.state for row in rows)
    words = [
        f":{BADGES[state][2]}[:material/{BADGES[state][1]}: {counts[state]} {BADGES[state][0].lower()}]"
        for state in State
        if counts[state]
    ]
    st.markdown(" · ".join(words))
    for error in sorted({row.error for row in rows if row.error})[:3]:
        st.caption(plain(error))
    if report_id := next((row.report_id for row in rows if row.report_id), None):
        report_link(report_id)
