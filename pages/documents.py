"""Documents: files whose text can be found, with the page it stands on."""

from uuid import UUID

import streamlit as st

from app.core import children
from app.core.actor import Role
from app.documents import service as documents
from app.sharing.schemas import Kind
from app.ui.address import id_in_address
from app.ui.document_view import CHOSEN, decisions, document_list, facts, found_list, send_form, text_of, times_opened
from app.ui.page import page_header, reading, viewer
from app.ui.share_dialog import sharing_line

person = viewer()
if person.role.includes(Role.member):
    children.warm_up()  # while the page is read


def overview() -> None:
    page_header("Documents", "Reports, minutes and slides: what is said in them can be found here.")
    if person.role.includes(Role.member):
        with st.expander("Add documents", icon=":material/add:"):
            send_form(person)
    question = st.text_input(
        "Search", key="documents_q", placeholder="Words, or their beginnings", icon=":material/search:"
    )
    if question.strip():
        found_list(person, question)
    else:
        document_list(person)


def detail(document_id: UUID) -> None:
    st.button("All documents", icon=":material/arrow_back:", on_click=st.query_params.clear, type="tertiary")
    with reading() as db:
        one = documents.document(db, person, document_id)
    page_header(one.name)
    sharing_line(person, Kind.document, one.id)
    facts(one)
    decisions(person, one)
    question = ""
    if one.state == "ready":
        question = st.text_input(
            "Search in this document", key=f"q_{one.id}_{times_opened()}", icon=":material/search:"
        )
    if question.strip():
        found_list(person, question, one.id)
    else:
        page = st.query_params.get("page", "")
        text_of(person, one, int(page) if page.isdigit() else 1)


chosen = id_in_address(CHOSEN)
if chosen:
    detail(chosen)
else:
    overview()
