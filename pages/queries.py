"""Queries: questions to the data, in parts or as SQL, kept under a name."""

import streamlit as st

from app.core import children
from app.core.actor import Role
from app.queries import service as queries
from app.queries.schemas import NamedQuery, SqlQuery
from app.ui.address import id_in_address
from app.ui.page import empty_state, page_header, plain, reading, viewer, when
from app.ui.query_draft import close_draft
from app.ui.query_view import show_query

NEW = "new"
person = viewer()
may_ask = person.role.includes(Role.member)
if may_ask:
    children.warm_up()  # while the page is read


def one_line(found: NamedQuery) -> None:
    with st.container(border=True, gap="xxsmall"):
        if st.button(plain(found.name), key=f"open_{found.id}", type="tertiary"):
            st.query_params["query"] = str(found.id)
            st.rerun()
        st.caption(f"{about(found)} · {len(found.columns)} columns · changed {when(found.changed_at)}")
        if found.description:
            st.caption(plain(found.description))


def about(found: NamedQuery) -> str:
    if isinstance(found.question, SqlQuery):
        return "SQL"
    return plain(" + ".join(found.question.datasets))


def listing() -> None:
    page_header("Queries", "Questions to your datasets: put together by choosing, or written as one SELECT.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", placeholder="Name", width=280, icon=":material/search:")
        if may_ask and st.button("New query", type="primary", icon=":material/add:"):
            close_draft()
            st.query_params["query"] = NEW
            st.rerun()
    with reading() as db:
        page = queries.queries_page(db, person, search=search, limit=200)
    if not page.items and search:
        empty_state("search_off", "No query matches", "Try another name.")
    elif not page.items:
        hint = "Ask your data something, and save the question." if may_ask else "Nobody has saved one so far."
        empty_state("query_stats", "No queries yet", hint)
    for found in page.items:
        one_line(found)


if query_id := id_in_address("query"):
    show_query(person, query_id)
elif st.query_params.get("query") == NEW and may_ask:
    show_query(person, None)
else:
    listing()
