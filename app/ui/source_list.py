"""The sources of a dataset: where its files come from by themselves, and what the last pull brought."""

from functools import partial

import streamlit as st

from app.core.actor import Actor, Role
from app.datasets.schemas import Dataset
from app.schedules import service as schedules
from app.sharing.schemas import Level
from app.sources import service as sources
from app.sources.schemas import ItemState, Pull, PullOrder, PullStatus, Source, SourceChange
from app.ui.page import action, confirm, empty_state, plain, reading, viewer, when
from app.ui.source_fields import ICONS, kind_words
from app.ui.source_form import change_source, new_source, show_probe
from app.ui.source_history import history, is_running, pull_line
from app.ui.source_schedule import schedule_source
from app.ui.source_stream import stream_lines

MOST_TOLD = 100
PLACES = ("folder", "url", "bucket", "host", "topic")
KEY_LOST = "Its secrets cannot be read any more, because their key is gone. Enter them again under Change."


def sources_tab(person: Actor, dataset: Dataset) -> None:
    may = person.role.includes(Role.author) and dataset.level is Level.edit
    if may and st.button("New source", type="primary", icon=":material/add:"):
        new_source(dataset.name)
    with reading() as db:
        found = sources.sources(db, person, dataset=dataset.name, limit=200).items
    if not found:
        hint = "Folders, web addresses, storages, databases, mailboxes, topics: what is new there is loaded by itself."
        empty_state("input", "No sources yet", hint)
    for one in found:
        _one(person, one, may=may)


def _one(person: Actor, one: Source, *, may: bool) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f":material/{ICONS.get(one.kind, 'input')}: **{plain(one.name)}**")
                st.caption(f"{kind_words(one.kind)} · {plain(_place(one))}")
            _badge(one)
        if one.unreadable:
            st.warning(KEY_LOST, icon=":material/key_off:")
        if one.error:
            st.error(plain(one.error), icon=":material/error:")
        _schedules(person, one)
        if may:
            _buttons(person, one)
        if one.continuous:
            stream_lines(one)
        else:
            _last_pull(one)


def _place(one: Source) -> str:
    """Without `https://`, which would become a link to somewhere else."""
    place = next((str(one.settings[name]) for name in PLACES if one.settings.get(name)), f"into {one.dataset}")
    return place.rpartition("://")[2]


def _badge(one: Source) -> None:
    if one.paused:
        st.badge("Paused", icon=":material/pause_circle:", color="gray")
    elif one.error:
        st.badge("Trouble", icon=":material/error:", color="red")
    elif one.continuous:
        _followed_badge(one)
    elif one.pulled_at is None:
        st.badge("New", icon=":material/fiber_new:", color="blue")
    else:
        st.badge("Fine", icon=":material/check_circle:", color="green")


def _followed_badge(one: Source) -> None:
    """What stops a follower is kept with the stream, not with the source."""
    with reading() as db:
        state = sources.stream_state(db, viewer(), one.id)
    if state.trouble:
        st.badge("Trouble", icon=":material/error:", color="red")
    elif state.is_followed:
        st.badge("Followed", icon=":material/stream:", color="green")
    else:
        st.badge("Waiting", icon=":material/hourglass:", color="blue")


def _schedules(person: Actor, one: Source) -> None:
    with reading() as db:
        found = schedules.schedules_about(db, person, "ingest", {"source_id": str(one.id)})
    for schedule in found:
        state = "" if schedule.enabled else " (paused)"
        text = f":material/event_repeat: {schedule.explanation}{state}, next {when(schedule.next_run_at)}"
        st.caption(text if schedule.enabled else f":material/event_repeat: {schedule.explanation}{state}")


def _buttons(person: Actor, one: Source) -> None:
    test = False
    with st.container(horizontal=True):
        if not one.continuous:
            if st.button("Pull now", key=f"pull_{one.id}", icon=":material/download:", disabled=one.paused):
                _pull(person, one, again=False)
            if st.button("Schedule", key=f"schedule_{one.id}", icon=":material/event_repeat:"):
                schedule_source(one)
        test = st.button("Test", key=f"test_{one.id}", icon=":material/cable:")
        if st.button("Change", key=f"change_{one.id}", icon=":material/edit:"):
            change_source(one)
        with st.popover("More", icon=":material/more_horiz:"), st.container(key=f"rare_{one.id}"):
            _rare_buttons(person, one)
    if test:
        with st.spinner("Connecting…"), action() as db:
            found = sources.check_source(db, person, one.id)
        show_probe(found)


def _rare_buttons(person: Actor, one: Source) -> None:
    word, icon = ("Resume", "play_arrow") if one.paused else ("Pause", "pause")
    if st.button(word, key=f"pause_{one.id}", icon=f":material/{icon}:", width="stretch"):
        with action(f"{plain(one.name)}: {word.lower()}d.") as db:
            sources.change_source(db, person, one.id, SourceChange(version=one.version, paused=not one.paused))
            st.rerun()
    if not one.continuous and st.button(
        "Pull, also what was refused", key=f"again_{one.id}", icon=":material/replay:", width="stretch"
    ):
        _pull(person, one, again=True)
    if st.button("Reset", key=f"reset_{one.id}", icon=":material/restart_alt:", width="stretch"):
        detail = "It forgets how far it came: the next pull looks at everything there again. What is loaded stays."
        if one.continuous:
            detail = "It is read from where it begins again. What is loaded stays, so those messages come twice."
        confirm(f"Reset {plain(one.name)}?", verb="Reset", act=partial(_reset, person, one), detail=detail)
    if st.button("Delete", key=f"delete_{one.id}", icon=":material/delete:", width="stretch"):
        detail = "Its schedules are deleted with it. What it brought stays in the dataset."
        confirm(f"Delete {plain(one.name)}?", verb="Delete", act=partial(_delete, person, one), detail=detail)


def _pull(person: Actor, one: Source, *, again: bool) -> None:
    with action("On its way.") as db:
        sources.pull_now(db, person, one.id, PullOrder(again=again))
        st.rerun()


def _reset(person: Actor, one: Source) -> None:
    with action(f"{plain(one.name)} begins anew at the next pull.") as db:
        sources.reset_source(db, person, one.id)
        st.rerun()


def _delete(person: Actor, one: Source) -> None:
    with action(f"{plain(one.name)} is deleted.") as db:
        sources.delete_source(db, person, one.id)
        st.rerun()


def _last_pull(one: Source) -> None:
    """Looks again by itself while a pull is going on; then the whole page has something new to show."""
    last = _newest(one)
    busy = last is not None and is_running(last)

    def draw() -> None:
        now = _newest(one)
        if busy and now is not None and not is_running(now):
            st.rerun()
        if now:
            pull_line(now)

    st.fragment(draw, run_every="1s" if busy else None)()
    if one.watermark:
        words = ", ".join(f"{name}: {value}" for name, value in one.watermark.items() if not isinstance(value, dict))
        if words:
            st.caption(plain(f"Came as far as {words}"))
    _troubles(one)
    if last and last.status is not PullStatus.running:
        with st.expander("What it found so far"):
            history(one)


def _troubles(one: Source) -> None:
    """What was refused stays refused until it changes, so it is said for as long."""
    with reading() as db:
        refused = sources.items(db, viewer(), one.id, state=ItemState.refused, limit=MOST_TOLD).items
    if refused:
        count = f"{MOST_TOLD} or more refused" if len(refused) == MOST_TOLD else f"{len(refused)} refused"
        st.caption(f":orange[:material/error: {count}, latest:] {plain(refused[0].reason or refused[0].name)}")


def _newest(one: Source) -> Pull | None:
    with reading() as db:
        found = sources.pulls(db, viewer(), one.id, limit=1).items
    return found[0] if found else None
