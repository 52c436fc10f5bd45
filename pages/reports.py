"""Reports: find one, make one, read one."""

import streamlit as st

from app.core.actor import Role
from app.jobs.schemas import RunStatus
from app.reports import service as reports
from app.reports.schemas import Report
from app.templates import service as templates
from app.ui.address import id_in_address
from app.ui.page import action, empty_state, page_header, plain, reading, viewer, when
from app.ui.parameter_form import parameter_inputs
from app.ui.report_view import show_report, status_badge
from app.ui.template_choices import template_choices

PAGE_SIZE = 25
STATUSES = {
    "All": None,
    "Done": RunStatus.completed,
    "Incomplete": RunStatus.partial,
    "Waiting": RunStatus.pending,
    "Failed": RunStatus.failed,
}

person = viewer()


@st.dialog("New report")
def new_report() -> None:
    wanted = st.session_state.get("new_report_from")
    choices = template_choices(person, wanted)
    if not choices:
        st.info("There is no template yet. Make one under Templates first.", icon=":material/dashboard_customize:")
        return
    start = next((place for place, each in enumerate(choices) if str(each.id) == wanted), 0)
    chosen = st.selectbox("Template", choices, start, format_func=lambda each: each.name)
    with reading() as db:
        content = templates.template(db, person, chosen.id).content
    values = parameter_inputs(content.parameters, f"new_{chosen.id}")
    title = st.text_input("Title", placeholder=f"{chosen.name}, and the period", max_chars=300)
    if st.button("Make the report", type="primary", icon=":material/play_arrow:"):
        with action() as db:
            made = reports.request_report(db, person, chosen.id, values, title=title or None)
            st.query_params.clear()
            st.query_params["report"] = str(made.id)
            st.rerun()


def one_line(found: Report) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xxsmall"):
            if st.button(plain(found.title), key=f"open_{found.id}", type="tertiary"):
                st.query_params["report"] = str(found.id)
                st.rerun()
            st.caption(f"{plain(found.template_name)} · {when(found.created_at)}")
        status_badge(found.status)


def listing() -> None:
    page_header("Reports", "What was made from your templates, with the data as it was then.")
    may_make = person.role.includes(Role.author)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", placeholder="Title or template", width=280, icon=":material/search:")
        status = st.selectbox("Status", list(STATUSES), width=150)
        if may_make and st.button("New report", type="primary", icon=":material/add:"):
            st.session_state.pop("new_report_from", None)
            new_report()
    shown = st.session_state.setdefault("reports_shown", PAGE_SIZE)
    with reading() as db:
        page = reports.reports(db, person, search=search, status=STATUSES[status], limit=shown)
    if not page.items and (search or STATUSES[status]):
        empty_state("search_off", "No report matches", "Try other words, or all statuses.")
    elif not page.items:
        hint = "Choose a template and a period." if may_make else "An author has not made any so far."
        empty_state("description", "No reports yet", hint)
    for found in page.items:
        one_line(found)
    if page.next_cursor and shown < 200 and st.button("Show more", icon=":material/expand_more:"):
        st.session_state["reports_shown"] = min(shown + PAGE_SIZE, 200)
        st.rerun()


if report_id := id_in_address("report"):
    show_report(person, report_id)
else:
    listing()
    if (template_id := st.query_params.pop("new", None)) and person.role.includes(Role.author):
        st.session_state["new_report_from"] = template_id
        new_report()
