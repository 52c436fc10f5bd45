"""When a source is pulled by itself: the form of such a schedule, from the source and from the page of schedules."""

from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.core.errors import NotFound
from app.schedules.schemas import CatchUp, Schedule
from app.sources import service as sources
from app.sources.schemas import Source
from app.ui.page import plain, reading, viewer
from app.ui.schedule_save import save_schedule
from app.ui.share_dialog import choose_audience
from app.ui.source_history import pull_line
from app.ui.timing_form import timing_input

MOST_SOURCES = 200


def schedule_source(one: Source) -> None:
    @st.dialog(f"Pull {plain(one.name)} by itself", width="medium")
    def dialog() -> None:
        ingest_form(viewer(), None, one)

    dialog()


def ingest_form(person: Actor, given: Schedule | None, source: Source | None = None) -> None:
    source = source or _chosen(person, given)
    if source is None:
        st.info("There is no source yet. Make one under a dataset, in the tab Sources.", icon=":material/input:")
        return
    name = st.text_input("Name", given.name if given else f"Pull {source.name}", max_chars=200)
    timing = timing_input(given)
    facts: dict[str, Any] = {"name": name, "payload": {"source_id": str(source.id)}, "catch_up": CatchUp.once}
    if given is None:
        facts |= {"what": "ingest", "share_with": choose_audience(person, key="new_pull")}
    if st.button("Save", type="primary", icon=":material/check:"):
        save_schedule(person, given, {**timing.model_dump(), **facts})


def pulls_in_words(person: Actor, found: Schedule) -> str:
    """`Pulls Incoming into sales`, for the page of one schedule."""
    with reading() as db:
        try:
            one = sources.source(db, person, found.payload["source_id"])
        except NotFound:
            return "Its source is gone, or you may not see it."
    return f"Pulls {one.name} into {one.dataset}"


def show_pull(person: Actor, found: Schedule, run_id: UUID | None) -> bool:
    """What a run of the schedule brought; false while there is nothing to show."""
    with reading() as db:
        try:
            pulls = sources.pulls(db, person, found.payload["source_id"], limit=200).items
        except NotFound:
            return False
    pull = next((one for one in pulls if one.run_id == run_id), None)
    if pull:
        pull_line(pull)
    return pull is not None


def _chosen(person: Actor, given: Schedule | None) -> Source | None:
    with reading() as db:
        found = [one for one in sources.sources(db, person, limit=MOST_SOURCES).items if not one.continuous]
    now = next((at for at, one in enumerate(found) if given and str(one.id) == given.payload["source_id"]), 0)
    if not found:
        return None
    return st.selectbox("Source", found, now, format_func=lambda one: f"{one.name} (into {one.dataset})")
