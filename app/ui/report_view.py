"""One report on the page: how far it is, the document itself, and where each figure comes from."""

from html import escape
from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.queries.schemas import QueryResult
from app.reports import service as reports
from app.reports.schemas import (
    BoardDone,
    ChartDone,
    FailedBlock,
    KpiDone,
    Report,
    ReportContent,
    TableDone,
)
from app.sharing.schemas import Kind
from app.ui.page import action, confirm, path_of, plain, reading, when
from app.ui.share_dialog import sharing_line

HEIGHT = 960
BATCHES_LINKED = 12
BADGES = {
    RunStatus.pending: ("Waiting", "schedule", "gray"),
    RunStatus.processing: ("Being made", "progress_activity", "blue"),
    RunStatus.completed: ("Done", "check_circle", "green"),
    RunStatus.partial: ("Incomplete", "warning", "orange"),
    RunStatus.failed: ("Failed", "error", "red"),
    RunStatus.cancelled: ("Cancelled", "cancel", "gray"),
}


def status_badge(status: RunStatus) -> None:
    text, icon, color = BADGES[status]
    st.badge(text, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]  # the stubs want literals


def show_report(person: Actor, report_id: UUID) -> None:
    """A report that is not done yet looks again every second, without touching the rest of the page."""
    with reading() as db:
        found = reports.report(db, person, report_id)
    if st.button("All reports", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    st.title(plain(found.title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        status_badge(found.status)
        made_from = f"from “{plain(found.template_name)}”, version {found.template_version}"
        st.caption(f"{made_from} · asked for {when(found.created_at)}")
    sharing_line(person, Kind.report, found.id)
    if found.finished_at is None:
        _unfinished(person, found)
        return
    _finished(person, found)


def document(html: str, *, height: int = HEIGHT) -> None:
    """Streamlit's own frame lets a document run scripts as this page; the inner frame lets it run nothing."""
    style = "border:0;width:100%;height:100vh;display:block;background:#fff"
    st.iframe(
        f'<body style="margin:0"><iframe sandbox title="Report" srcdoc="{escape(html, quote=True)}" style="{style}">'
        "</iframe></body>",
        height=height,
        alt="The report",
    )


def _unfinished(person: Actor, found: Report) -> None:
    if found.status.is_final:
        st.error(plain(found.error or "This report was not finished."), icon=":material/error:")
        _buttons_after_failure(person, found)
        return
    _progress(person, found.id)


@st.fragment(run_every=1.0)
def _progress(person: Actor, report_id: UUID) -> None:
    with reading() as db:
        found = reports.report(db, person, report_id)
    if found.status.is_final:
        st.rerun()
    st.progress(found.progress, text=f"{BADGES[found.status][0]} – {found.progress:.0%}")
    for message in _steps(person, found)[-5:]:
        st.caption(plain(message))


def _steps(person: Actor, found: Report) -> list[str]:
    """None of somebody else's run: the report may have come to its owner later."""
    with reading() as db:
        try:
            return [step.message for step in jobs.access_run(db, person, found.job_id).steps]
        except AppError:
            return []


def _buttons_after_failure(person: Actor, found: Report) -> None:
    with st.container(horizontal=True):
        if _may_change(person, found) and st.button("Try again", icon=":material/refresh:", type="primary"):
            with action("Started again.") as db:
                jobs.retry_run(db, person, found.job_id)
                st.rerun()
        _delete_button(person, found)


def _finished(person: Actor, found: Report) -> None:
    with reading() as db:
        html = reports.report_html(db, person, found.id)
        content = reports.report_content(db, person, found.id)
    if found.failed_blocks:
        st.warning(f"{found.error} The report says in their place why.", icon=":material/warning:")
    with st.container(horizontal=True):
        st.download_button(
            "PDF",
            lambda: _pdf(person, found.id),
            f"{found.title}.pdf",
            "application/pdf",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )
        st.download_button(
            "HTML", html, f"{found.title}.html", "text/html", icon=":material/download:", on_click="ignore"
        )
        may_schedule = found.template_id and person.role.includes(Role.author)
        if may_schedule and st.button("Send it regularly", icon=":material/event_repeat:"):
            st.switch_page(path_of("schedules"), query_params={"new": str(found.template_id)})
        _delete_button(person, found)
    shown, origin = st.tabs(["Report", "Where the numbers come from"])
    with shown:
        document(html.decode())
    with origin:
        _origin(content)


def _pdf(person: Actor, report_id: UUID) -> bytes:
    """Only read when somebody wants it."""
    with reading() as db:
        return reports.report_pdf(db, person, report_id)


def _delete_button(person: Actor, found: Report) -> None:
    if not _may_change(person, found):
        return

    def delete() -> None:
        with action("Report deleted.") as db:
            reports.delete_report(db, person, found.id)
            st.query_params.clear()
            st.rerun()

    if st.button("Delete", icon=":material/delete:"):
        confirm("Delete this report?", verb="Delete", act=delete, detail="Its HTML and PDF go too.")


def _may_change(person: Actor, found: Report) -> bool:
    return person.role.includes(Role.admin) or (person.role.includes(Role.author) and found.owner_id == person.id)


def _origin(content: ReportContent) -> None:
    st.caption("Each figure, the question it answers, and the state of the data that was asked.")
    for block in content.blocks:
        if isinstance(block, KpiDone | TableDone | ChartDone):
            answer = block.answer
            with st.expander(
                plain(f"{block.title or block.id} – dataset {answer.dataset}"), icon=":material/database:"
            ):
                st.code(answer.sql, language="sql", wrap_lines=True)
                if answer.values:
                    st.caption("Values of the ? in order: " + plain(", ".join(answer.values)))
                rows = "1 row" if answer.row_count == 1 else f"{answer.row_count:,} rows"
                st.caption(f"{rows} · data version {answer.version}")
                _batch_links(answer)
        elif isinstance(block, BoardDone):
            with st.expander(plain(f"{block.title} – board {block.summary.board}"), icon=":material/view_kanban:"):
                st.caption(
                    f"From the history of the board, {block.period}, as it was at {block.summary.until:%Y-%m-%d}"
                )
        elif isinstance(block, FailedBlock):
            st.error(plain(f"{block.title}: {block.error}"), icon=":material/error:")


def _batch_links(answer: QueryResult) -> None:
    """From the figure to the files that it was made of, the newest first."""
    with st.container(horizontal=True):
        for batch in sorted(answer.batches, reverse=True)[:BATCHES_LINKED]:
            where = {"dataset": answer.dataset, "batch": str(batch)}
            st.page_link(path_of("datasets"), label=f"Batch {batch}", icon=":material/database:", query_params=where)
    if len(answer.batches) > BATCHES_LINKED:
        st.caption(f"and {len(answer.batches) - BATCHES_LINKED} older batches")
