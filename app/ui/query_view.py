"""One question on the page: made in parts or as SQL, asked, and kept under a name."""

import time
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor, Role
from app.queries import service as queries
from app.queries.schemas import NamedQuery, QueryChange, QueryCreate
from app.sharing.schemas import Kind, Level
from app.ui.page import action, confirm, plain, reading, submit_or_cancel, when
from app.ui.query_build import build
from app.ui.query_draft import BUILD, SQL, QueryDraft, close_draft, open_draft
from app.ui.query_result import show_answer
from app.ui.query_sql import write_sql
from app.ui.share_dialog import choose_audience, sharing_line

NAME_HINT = "It has letters from A to Z, digits, spaces, dots, dashes and underscores, a letter or digit first."


def show_query(person: Actor, query_id: UUID | None) -> None:
    """None for a new one."""
    if st.button("All queries", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    saved = None
    with reading() as db:
        saved = queries.query(db, person, query_id) if query_id else None
        sources = queries.known_sources(db, person)
    draft = open_draft(saved)
    _head(person, saved)
    if not person.role.includes(Role.member):
        _read_only(saved)
        return
    ways = [BUILD, SQL]
    chosen = st.segmented_control(
        "How", ways, default=SQL if draft.is_sql else BUILD, label_visibility="collapsed", key=f"{draft.edition}_way",
        required=True,
    )  # fmt: skip
    draft.is_sql = chosen == SQL
    if draft.is_sql:
        draft.sql = write_sql(person, draft.sql, sources, draft.edition)
    else:
        draft.spec = build(draft.spec, sources, draft.edition)
    _actions(person, draft, saved)
    _answer(draft, saved)


def _head(person: Actor, saved: NamedQuery | None) -> None:
    st.title(plain(saved.name) if saved else "New query", anchor=False)
    if saved is None:
        st.caption("Choose a dataset, or write one SELECT. Run it as often as you like; saving gives it a name.")
        return
    if saved.description:
        st.caption(plain(saved.description))
    st.caption(f"Version {saved.version} · saved {when(saved.changed_at)}")
    sharing_line(person, Kind.query, saved.id)


def _read_only(saved: NamedQuery | None) -> None:
    st.info("Viewers see what a query asks and what it gives; asking takes the role member.", icon=":material/lock:")
    if saved:
        st.dataframe([{"Column": column.name, "Type": column.type} for column in saved.columns], hide_index=True)


def _actions(person: Actor, draft: QueryDraft, saved: NamedQuery | None) -> None:
    problem = draft.problem()
    is_author = person.role.includes(Role.author)
    with st.container(horizontal=True):
        run = st.button("Run", type="primary", icon=":material/play_arrow:", disabled=bool(problem))
        may_edit = is_author and saved is not None and saved.level is Level.edit
        if may_edit and saved and st.button("Save", icon=":material/save:", disabled=not draft.is_changed):
            _save(person, draft, saved)
        if is_author and st.button("Save as", icon=":material/save_as:", disabled=bool(problem)):
            save_as(person, draft, saved)
        may_delete = is_author and saved is not None and (person.role is Role.admin or saved.owner_id == person.id)
        if may_delete and saved and st.button("Delete", icon=":material/delete:"):
            delete(person, saved)
    if run:
        _run(person, draft)
    if problem and draft.plain.get("dataset", draft.plain.get("sql")):
        st.warning(plain(problem), icon=":material/error:")


def _run(person: Actor, draft: QueryDraft) -> None:
    question = draft.question()
    if question is None:
        return
    draft.answer, started = None, time.monotonic()
    with st.spinner("Asking…"), action() as db:
        draft.answer = queries.run(db, person, question)
        draft.seconds, draft.asked = time.monotonic() - started, dict(draft.plain)


def _answer(draft: QueryDraft, saved: NamedQuery | None) -> None:
    if draft.answer is None:
        return
    st.divider()
    if draft.asked != draft.plain:
        st.caption(":material/history: The question has changed since; run it again for its answer.")
    show_answer(draft.answer, draft.seconds, saved.name if saved else "answer", draft.edition)


def _save(person: Actor, draft: QueryDraft, saved: NamedQuery) -> None:
    question = draft.question()
    with reading() as db:
        places = queries.used_by(db, saved.id)

    def save() -> None:
        with action("Query saved.") as db:
            change = QueryChange(version=saved.version, question=question, even_if_used=bool(places))
            queries.change_query(db, person, saved.id, change)
            close_draft()
            st.rerun()

    if not places:
        save()
        return
    detail = f"It is used by {plain(', '.join(places))}. If its columns change, these may fail."
    confirm(f"Save “{plain(saved.name)}”?", verb="Save", act=save, detail=detail)


def save_as(person: Actor, draft: QueryDraft, saved: NamedQuery | None) -> None:
    @st.dialog("Save as")
    def ask() -> None:
        question = draft.question()
        share_with = choose_audience(person, key="new_query")
        with st.form("save_query", border=False):
            name = st.text_input("Name", f"{saved.name} (copy)" if saved else "", max_chars=80)
            description = st.text_input("Description", saved.description if saved else "", max_chars=500)
            meant, cancelled = submit_or_cancel("Save")
        if cancelled:
            st.rerun()
        facts = {"name": name.strip(), "description": description, "question": question, "share_with": share_with}
        new = _checked(facts) if meant and question is not None else None
        if new is not None:
            with action("Query saved.") as db:
                made = queries.create_query(db, person, new)
                close_draft()
                st.query_params["query"] = str(made.id)
                st.rerun()

    ask()


def _checked(facts: dict[str, Any]) -> QueryCreate | None:
    """Of what was typed, only a name can be wrong; that is said."""
    try:
        return QueryCreate.model_validate(facts)
    except ValidationError:
        st.error(plain(f"{facts['name'] or 'Nothing'} cannot be a name. {NAME_HINT}"), icon=":material/error:")
        return None


def delete(person: Actor, saved: NamedQuery) -> None:
    with reading() as db:
        places = queries.used_by(db, saved.id)

    def remove() -> None:
        with action("Query deleted.") as db:
            queries.delete_query(db, person, saved.id, even_if_used=bool(places))
            close_draft()
            st.query_params.clear()
            st.rerun()

    used = f"It is used by {plain(', '.join(places))}, which will fail then. " if places else ""
    confirm(f"Delete “{plain(saved.name)}”?", verb="Delete", act=remove, detail=f"{used}The data stays.")
