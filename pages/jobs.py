"""Jobs: what runs, what ran, how it ended; cancel it or start it again."""

from uuid import UUID

import streamlit as st

from app.core.actor import Role
from app.jobs import service as jobs
from app.jobs.schemas import Run, RunStatus
from app.ui.job_parts import LOOKS, heading, row, steps
from app.ui.page import action, confirm, empty_state, page_header, reading, viewer, when

PAGE_SIZE = 25
CHOSEN, CURSORS = "job", "jobs_cursors"
RETRYABLE = (RunStatus.failed, RunStatus.partial, RunStatus.cancelled)

person = viewer()


def overview() -> None:
    caption = "Everybody's" if person.role.includes(Role.admin) else "Your own"
    page_header("Jobs", f"Work that goes on in the background: loading data, making reports, sending. {caption}.")
    label = st.pills("Status", [look.label for look in LOOKS.values()], label_visibility="collapsed", key="jobs_state")
    status = next((state for state, look in LOOKS.items() if look.label == label), None)
    cursors: dict[str, list[str]] = st.session_state.setdefault(CURSORS, {})
    before = cursors.setdefault(str(label), [])
    with reading() as db:
        found = jobs.list_runs(db, person, status=status, limit=PAGE_SIZE, cursor=before[-1] if before else None)
    busy = any(not run.status.is_final for run in found.items)

    def draw() -> None:
        with reading() as db:
            page = jobs.list_runs(db, viewer(), status=status, limit=PAGE_SIZE, cursor=before[-1] if before else None)
        if busy and all(run.status.is_final for run in page.items):
            st.rerun()  # nothing moves any more, so stop looking
        for run in page.items:
            if row(run):
                st.query_params[CHOSEN] = str(run.id)
                st.rerun()

    if not found.items:
        empty_state("manufacturing", "No jobs here", "They appear when data is loaded, a report made or a mail sent.")
    st.fragment(draw, run_every="2s" if busy else None)()
    turn_pages(before, found.next_cursor)


def turn_pages(before: list[str], following: str | None) -> None:
    if not before and not following:
        return
    with st.container(horizontal=True):
        if st.button("Newer", disabled=not before, icon=":material/chevron_left:"):
            before.pop()
            st.rerun()
        if st.button("Older", disabled=not following, icon=":material/chevron_right:"):
            before.append(str(following))
            st.rerun()


def detail(run_id: UUID) -> None:
    st.button("All jobs", icon=":material/arrow_back:", on_click=st.query_params.clear, type="tertiary")
    with reading() as db:
        first = jobs.access_run(db, person, run_id)
    page_header(first.title, f"Asked for {when(first.created_at)}")

    def draw() -> None:
        with reading() as db:
            run = jobs.access_run(db, viewer(), run_id)
        if run.status != first.status:
            st.rerun()
        heading(run)
        steps(run.steps)

    buttons(first)
    st.fragment(draw, run_every=None if first.status.is_final else "1s")()
    if first.traceback:
        with st.expander(f"For administrators: what went wrong ({first.error_id})"):
            st.code(first.traceback, language=None, wrap_lines=True)


def buttons(run: Run) -> None:
    def cancel() -> None:
        with action("The job is being stopped.") as db:
            jobs.cancel_run(db, person, run.id)
            st.rerun()

    def start_again() -> None:
        with action("Started again.") as db:
            jobs.retry_run(db, person, run.id)
            st.rerun()

    if not run.status.is_final and st.button("Stop", icon=":material/stop_circle:"):
        confirm("Stop this job?", verb="Stop the job", act=cancel, detail="What it has not finished yet is lost.")
    if run.status in RETRYABLE and st.button("Start again", icon=":material/replay:"):
        confirm(
            "Start this job again?", verb="Start again", act=start_again, detail="It begins anew, with the same input."
        )


chosen = st.query_params.get(CHOSEN)
try:
    job_id = UUID(chosen) if chosen else None
except ValueError:
    job_id = None
if job_id:
    detail(job_id)
else:
    overview()
