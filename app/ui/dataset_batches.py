"""The files of a dataset: what became of them, and what may be decided."""

import streamlit as st
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import NotFound
from app.datasets import service as datasets
from app.datasets.schemas import Batch, BatchStatus, Dataset
from app.jobs import service as jobs
from app.sharing.schemas import Level
from app.ui.dataset_upload import read_as
from app.ui.job_parts import time_left
from app.ui.page import action, confirm, empty_state, plain, reading, viewer, when
from app.ui.reject_words import reason_text

LOOKS = {
    BatchStatus.loading: ("blue", "progress_activity", "Loading"),
    BatchStatus.held: ("orange", "front_hand", "Held"),
    BatchStatus.published: ("green", "check_circle", "Published"),
    BatchStatus.duplicate: ("gray", "content_copy", "Duplicate"),
    BatchStatus.failed: ("red", "error", "Failed"),
    BatchStatus.undone: ("gray", "undo", "Undone"),
}
PAGE_SIZE, LATELY = 20, 50
REASONS_SHOWN = 5
HELD_HELP = (
    "More of it was rejected than this dataset accepts, so none of it is in the table yet. "
    "Look at the rejected rows, then release its good rows, or undo it and load a corrected file."
)


def held_lately(db: Session, person: Actor) -> list[Batch]:
    """Of the newest files of all datasets those that wait for a decision."""
    newest = datasets.batches(db, person, limit=LATELY).items
    return [batch for batch in newest if batch.status is BatchStatus.held]


def batch_list(person: Actor, dataset: Dataset) -> None:
    """Looks again by itself as long as something is loading."""
    with reading() as db:
        found = datasets.batches(db, person, dataset.name, limit=PAGE_SIZE).items
    if not found:
        empty_state("upload_file", "No files yet", "Choose a file above and press Load.")
        return
    busy = any(batch.status is BatchStatus.loading for batch in found)

    def draw() -> None:
        with reading() as db:
            now = datasets.batches(db, viewer(), dataset.name, limit=PAGE_SIZE).items
        if busy and all(batch.status is not BatchStatus.loading for batch in now):
            st.rerun()  # the figures above have changed, too
        for batch in now:
            _batch(person, dataset, batch)

    st.fragment(draw, run_every="1s" if busy else None)()


def still_loading(person: Actor, dataset: Dataset) -> None:
    """Above what is no list of files: one line while a file is on its way, and everything anew when it is there."""

    def loading() -> list[Batch]:
        with reading() as db:
            found = datasets.batches(db, viewer(), dataset.name, limit=PAGE_SIZE).items
        return [batch for batch in found if batch.status is BatchStatus.loading]

    before = loading()
    if not before:
        return

    def draw() -> None:
        now = loading()
        if len(now) < len(before):
            st.rerun()
        rows = sum(batch.rows_in for batch in now)
        st.info(f"A file is being loaded: {rows:,} rows read so far.", icon=":material/progress_activity:")

    st.fragment(draw, run_every="1s")()


def _batch(person: Actor, dataset: Dataset, batch: Batch) -> None:
    color, icon, label = LOOKS[batch.status]
    if batch.replaced_by:
        color, icon, label = "gray", "history", f"Replaced by {batch.replaced_by}"
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(label, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]
            part = f", {plain(batch.part)}" if batch.part else ""
            st.markdown(f"**{plain(batch.file_name)}**{part}", width="content")
            st.caption(f"batch {batch.id}, {when(batch.created_at)}; {read_as(batch.dialect)}", width="content")
        if batch.status is BatchStatus.loading:
            st.progress(batch.progress, f"{batch.rows_in:,} rows read{_left(person, batch)}")
        elif batch.rows_in and batch.status is not BatchStatus.failed:
            good = "good" if batch.status is BatchStatus.held else "stored"
            rows = "1 row" if batch.rows_in == 1 else f"{batch.rows_in:,} rows"
            st.caption(f"{rows}: {batch.rows_valid:,} {good}, {batch.rows_rejected:,} rejected")
        _notes(person, batch)
        _decisions(person, dataset, batch)


def _left(person: Actor, batch: Batch) -> str:
    """`, 40%, about 12 s left`, for whoever may see the run: not of a load that somebody else let go on."""
    if batch.run_id is None:
        return ""
    with reading() as db:
        try:
            return f", {time_left(jobs.run(db, person, batch.run_id))}"
        except NotFound:
            return ""


def _notes(person: Actor, batch: Batch) -> None:
    if batch.status is BatchStatus.held:
        st.warning(HELD_HELP, icon=":material/front_hand:")
        with reading() as db:
            reasons = datasets.summary(db, person, batch_id=batch.id).by_reason
        shown = [f"{plain(reason_text(one.column, one.rule))} ({one.rows:,})" for one in reasons[:REASONS_SHOWN]]
        more = f" and {len(reasons) - REASONS_SHOWN} more reasons" if len(reasons) > REASONS_SHOWN else ""
        st.caption(f"Why: {', '.join(shown)}{more}")
    if batch.duplicate_of:
        st.caption(f"The same bytes as batch {batch.duplicate_of}: nothing was loaded.")
        if st.button(f"Show batch {batch.duplicate_of}", key=f"first_{batch.id}", type="tertiary"):
            st.query_params["batch"] = str(batch.duplicate_of)
            st.rerun()
    if batch.error:
        st.error(plain(batch.error), icon=":material/error:")
    for note in batch.dialect.notes:
        st.caption(plain(note))
    if batch.dialect.ignored:
        st.caption(f"Columns of the file that the dataset does not have: {plain(', '.join(batch.dialect.ignored))}.")
    if batch.dialect.absent:
        st.caption(f"Columns that the file does not have: {plain(', '.join(batch.dialect.absent))}.")


def _decisions(person: Actor, dataset: Dataset, batch: Batch) -> None:
    if batch.status not in (BatchStatus.loading, BatchStatus.held, BatchStatus.published) and not batch.may_go_on:
        return
    with st.container(horizontal=True):
        if batch.rows_rejected and st.button("Rejected rows", key=f"rejects_{batch.id}", icon=":material/rule:"):
            st.query_params["batch"] = str(batch.id)
            st.rerun()
        st.link_button("Original", f"/api/v1/batches/{batch.id}/original", icon=":material/download:")
        if not person.role.includes(Role.member) or dataset.level is not Level.edit:
            return
        if batch.status is BatchStatus.held and st.button("Release", key=f"release_{batch.id}", type="primary"):
            with action(f"The good rows of {plain(batch.file_name)} are published.") as db:
                datasets.release_batch(db, person, batch.id)
                st.rerun()
        if batch.may_go_on and st.button("Start again", key=f"again_{batch.id}", type="primary"):
            with action(f"{plain(batch.file_name)} is loaded again.") as db:
                datasets.load_again(db, person, batch.id)
                st.rerun()
        if st.button("Undo", key=f"undo_{batch.id}", icon=":material/undo:"):
            detail = f"The {batch.rows_valid:,} rows of {plain(batch.file_name)} and all traces of them are deleted."
            confirm("Undo this file?", verb="Undo", act=lambda: _undo(person, batch), detail=detail)


def _undo(person: Actor, batch: Batch) -> None:
    with action(f"{plain(batch.file_name)} is undone.") as db:
        datasets.undo_batch(db, person, batch.id)
        st.rerun()
