"""Many rejected rows checked again: after the rules changed, or with one change to all of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, Edit, RejectFilter, ReplayRequest
from app.jobs import service as jobs
from app.jobs.schemas import Run
from app.ui.job_parts import heading
from app.ui.page import action, plain, reading, viewer
from app.ui.reject_words import reason_text

RULES_HELP = "All rows that the filter above finds are checked by the rules of today. Those that pass are stored."


def bulk_replay(person: Actor, dataset: Dataset, batch_id: int | None, wanted: RejectFilter) -> None:
    key = f"bulk_{batch_id or 'all'}"
    with st.expander("Check them all again", icon=":material/replay:"):
        st.caption(RULES_HELP)
        edits = _edits(dataset, key)
        asked = {"rule": wanted.rule, "column": wanted.column, "q": wanted.q, "edits": edits}
        with st.container(horizontal=True):
            if st.button("Try", key=f"{key}_try", help="Only counts what would pass"):
                _start(person, dataset, (batch_id, key), ReplayRequest(**asked, dry_run=True))
            if st.button("Check and store", key=f"{key}_go", type="primary"):
                _start(person, dataset, (batch_id, key), ReplayRequest(**asked))
    progress(person, key)


def _edits(dataset: Dataset, key: str) -> list[Edit]:
    names = [column.name for column in dataset.definition.columns]
    column = st.selectbox("Change before checking", names, index=None, placeholder="Nothing", key=f"{key}_column")
    if column is None:
        return []
    trim = st.checkbox("Remove spaces around the value", key=f"{key}_trim")
    left, right = st.columns(2)
    old = left.text_input("Where it is", key=f"{key}_old", help="Leave it empty for every row")
    value = right.text_input("Put this in its place", key=f"{key}_value", help="Leave it empty to keep the value")
    if not trim and not value:
        st.caption("Say what should be changed, or choose no column.")
        return []
    return [Edit(column=column, trim=trim, value=value or None, old=(old or None) if value else None)]


def _start(person: Actor, dataset: Dataset, where: tuple[int | None, str], wanted: ReplayRequest) -> None:
    batch_id, key = where
    with action() as db:
        if batch_id is None:
            started = datasets.replay_dataset(db, person, dataset.name, wanted)
        else:
            started = datasets.replay_batch(db, person, batch_id, wanted)
        st.session_state[f"{key}_run"] = started.job_id
        st.rerun()


def progress(person: Actor, key: str, more: Callable[[dict[str, Any]], None] | None = None) -> None:
    """The last run that was started here, as long as this page is open. `more` is said of its result."""
    run_id: UUID | None = st.session_state.get(f"{key}_run")
    if run_id is None:
        return
    with reading() as db:
        busy = not jobs.run(db, person, run_id).status.is_final

    def draw() -> None:
        with reading() as db:
            run = jobs.run(db, viewer(), run_id)
        if busy and run.status.is_final:
            st.rerun()  # the list above has changed, too
        if run.result is None:
            heading(run)
        else:
            _result(run, run.result)
            if more:
                more(run.result)

    st.fragment(draw, run_every="1s" if busy else None)()


def _result(run: Run, result: dict[str, Any]) -> None:
    checked, left = result.get("checked", 0), result.get("still_rejected", 0)
    good = result.get("would_pass" if result.get("dry_run") else "stored", 0)
    verb = "would pass" if result.get("dry_run") else "are stored now"
    if not checked:
        st.info(f"{plain(run.title)}: no row was to be checked.", icon=":material/info:")
        return
    text = f"{plain(run.title)}: {checked:,} checked, {good:,} {verb}, {left:,} still rejected."
    (st.info if result.get("dry_run") else st.success)(text)
    reasons = [
        {"Reason": reason_text(one["column"], one["rule"]), "Rows": one["rows"]} for one in result.get("reasons", [])
    ]
    if reasons:
        st.dataframe(reasons, hide_index=True, width="stretch", alt="Why rows are still rejected")
