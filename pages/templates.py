"""Templates: what a report consists of."""

from uuid import UUID

import streamlit as st

from app.core import children
from app.core.actor import Role
from app.datasets import service as datasets
from app.tasks import service as tasks
from app.templates import service as templates
from app.templates.schemas import TemplateCreate, TemplateSummary
from app.templates.starters import data_summary, weekly_team_report
from app.ui.address import id_in_address
from app.ui.board import named_apart
from app.ui.page import action, confirm, empty_state, page_header, plain, reading, viewer, when
from app.ui.share_dialog import choose_audience
from app.ui.template_view import show_template

STARTERS = ["Weekly team report", "Data summary", "Empty"]
ABOUT = {
    "Weekly team report": "What was done, what is open and what is late on a board.",
    "Data summary": "Figures, charts and rows of one dataset.",
    "Empty": "You add the blocks.",
}

person = viewer()
may_write = person.role.includes(Role.author)
if may_write:
    children.warm_up()  # while the page is read


@st.dialog("New template")
def new_template() -> None:
    starter = st.radio("Start from", STARTERS, captions=[ABOUT[each] for each in STARTERS])
    with reading() as db:
        boards = tasks.boards(db, person)
        sources = datasets.datasets(db, person)
    wanted: TemplateCreate | None = None
    if starter == "Weekly team report":
        names = named_apart(boards)
        board = st.selectbox("Board", boards, format_func=lambda each: names[each.id])
        name = st.text_input("Name", f"Weekly report: {board.name}" if board else "", max_chars=200)
        wanted = weekly_team_report(name, board.id, board.name) if board and name.strip() else None
        missing = "" if boards else "There is no board yet. Make one under Board first."
    elif starter == "Data summary":
        source = st.selectbox("Dataset", sources, format_func=lambda each: each.name)
        name = st.text_input("Name", f"Summary: {source.name}" if source else "", max_chars=200)
        columns = [(each.name, str(each.type)) for each in source.definition.columns] if source else []
        wanted = data_summary(name, source.name, columns) if source and name.strip() else None
        missing = "" if sources else "There is no dataset yet. Load a file under Datasets first."
    else:
        name = st.text_input("Name", max_chars=200)
        wanted = TemplateCreate(name=name) if name.strip() else None
        missing = ""
    if missing:
        st.info(missing, icon=":material/info:")
    share_with = choose_audience(person, key="new_template")
    if st.button("Create", type="primary", icon=":material/add:", disabled=wanted is None) and wanted:
        with action("Template created.") as db:
            made = templates.create_template(db, person, wanted.model_copy(update={"share_with": share_with}))
            st.query_params["template"] = str(made.id)
            st.rerun()


def one_line(found: TemplateSummary) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xxsmall"):
            if st.button(plain(found.name), key=f"open_{found.id}", type="tertiary"):
                st.query_params["template"] = str(found.id)
                st.rerun()
            st.caption(f"{found.block_count} blocks · version {found.version} · changed {when(found.changed_at)}")
            if found.description:
                st.caption(plain(found.description))
        if may_write:
            more_actions(found)


def more_actions(found: TemplateSummary) -> None:
    with st.popover("", icon=":material/more_horiz:", help="More"):
        name = st.text_input("Name of the copy", f"{found.name} (copy)", key=f"copy_name_{found.id}", max_chars=200)
        if st.button("Duplicate", icon=":material/content_copy:", key=f"copy_{found.id}"):
            with action("Template copied.") as db:
                templates.duplicate_template(db, person, found.id, name)
                st.rerun()
        may_delete = person.role is Role.admin or found.owner_id == person.id
        delete = may_delete and st.button("Delete", icon=":material/delete:", key=f"delete_{found.id}")
    if delete:
        confirm(
            f"Delete “{plain(found.name)}”?", verb="Delete", act=lambda: remove(found.id), detail="Its reports stay."
        )


def remove(template_id: UUID) -> None:
    with action("Template deleted.") as db:
        templates.delete_template(db, person, template_id)
        st.rerun()


def listing() -> None:
    page_header("Templates", "What a report consists of: blocks, filled with data when a report is made.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", placeholder="Name", width=280, icon=":material/search:")
        if may_write and st.button("New template", type="primary", icon=":material/add:"):
            new_template()
    with reading() as db:
        page = templates.templates(db, person, search=search, limit=200)
    if not page.items and search:
        empty_state("search_off", "No template matches", "Try another name.")
    elif not page.items:
        hint = "Start from a board or a dataset." if may_write else "An author has not made any so far."
        empty_state("dashboard_customize", "No templates yet", hint)
    for found in page.items:
        one_line(found)


if template_id := id_in_address("template"):
    show_template(person, template_id)
else:
    listing()
