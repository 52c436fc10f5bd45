"""The dialogs of one card: write a new one, change it, read it, see what happened to it."""

from datetime import date
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.accounts import service as accounts
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.schemas import (
    Board,
    Card,
    CardChange,
    CardCreate,
    CardMove,
    Category,
    Priority,
)
from app.ui.board import CATEGORIES, PRIORITIES, may_work
from app.ui.card_history import FIELDS, told
from app.ui.page import action, plain, reading, viewer


def open_card(card: Card, board: Board) -> None:
    """For changing, or for reading where the viewer may not change."""

    @st.dialog(plain(card.title), width="medium")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            names = accounts.person_names(db, person)
            events = tasks.card_history(db, person, card.id)
            assignees = tasks.assignees(db, person, board.id)
        edit = ["Edit"] if may_work(board, person) else []
        *editing, read, history = st.tabs([*edit, "Read", f"History ({len(events)})"])
        for tab in editing:
            with tab:
                _change(card, board, assignees)
        with read:
            st.markdown(card.description or "*No description yet.*")
        with history:
            for event in events:
                st.markdown(told(event, names))

    dialog()


def write_card(board: Board) -> None:
    @st.dialog("New card", width="medium")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            names = tasks.assignees(db, person, board.id)
        with st.form("new_card", border=False, enter_to_submit=False):
            column_id, fields = _fields(None, board, names)
            if st.form_submit_button("Add card", type="primary"):
                with action("Added.") as db:
                    tasks.create_card(db, person, board.id, _checked(CardCreate, fields, column_id=column_id))
                    st.rerun()

    dialog()


def _change(card: Card, board: Board, names: dict[UUID, str]) -> None:
    with st.form(f"card-{card.id}-{card.version}", border=False, enter_to_submit=False):
        column_id, fields = _fields(card, board, names)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            archive = st.form_submit_button("Archive", icon=":material/archive:")
    if save:
        with action("Saved.") as db:
            change = _checked(CardChange, fields, version=card.version)
            after = tasks.change_card(db, viewer(), card.id, change)
            if column_id != card.column_id:
                tasks.move_card(db, viewer(), card.id, CardMove(column_id=column_id, version=after.version))
            st.rerun()
    if archive:
        with action("Archived. It is kept under Archived.") as db:
            tasks.archive_card(db, viewer(), card.id)
            st.rerun()


def _fields(card: Card | None, board: Board, names: dict[UUID, str]) -> tuple[UUID, dict[str, Any]]:
    """The column, and the rest as a card's fields."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        title = st.text_input("Title", card.title if card else "", max_chars=200)
        text = st.text_area(
            "Description", card.description if card else "", height=300, max_chars=20_000, help="Markdown works here."
        )
    with right:
        columns = {column.id: column.name for column in board.columns}
        column_id: UUID = _select("Column", columns, card.column_id if card else None)
        fields = {
            "priority": _select("Priority", PRIORITIES, card.priority if card else Priority.medium),
            "category": _select("Category", CATEGORIES, card.category if card else Category.in_progress),
            "assignee_ids": _choose_people(card, names),
            "start_on": _clearable_date("Start", card, card.start_on if card else None),
            "due_on": _clearable_date("Due", card, card.due_on if card else None),
        }
    return column_id, {"title": title, "description": text, **fields}


def _choose_people(card: Card | None, names: dict[UUID, str]) -> list[UUID]:
    """Also from those who have the card and have left."""
    chosen = {one.id: one.name for one in card.assignees} if card else {}
    people = {**chosen, **names}
    return st.multiselect("Assigned to", list(people), list(chosen), format_func=people.__getitem__)


def _select(label: str, options: dict[Any, str], chosen: Any) -> Any:
    at = list(options).index(chosen) if chosen in options else 0
    return st.selectbox(label, list(options), at, format_func=options.__getitem__)


def _clearable_date(label: str, card: Card | None, value: date | None) -> date | None:
    """Streamlit lets a date be cleared only when it starts empty, so the value comes through the session."""
    key = f"{label}-{card.id}-{card.version}" if card else f"{label}-new"
    if card:
        st.session_state.setdefault(key, value)
    return st.date_input(label, None, format="YYYY-MM-DD", key=key)


def _checked(schema: Any, fields: dict[str, Any], **more: Any) -> Any:
    """Raises Invalid that names the field, for what the form lets through and the schema does not."""
    try:
        return schema(**fields, **more)
    except ValidationError as error:
        first = error.errors()[0]
        name = FIELDS.get(str(first["loc"][-1]), str(first["loc"][-1])).capitalize()
        wrong = "fill this in" if first["type"] == "string_too_short" else first["msg"].removeprefix("Value error, ")
        raise Invalid(f"{name}: {wrong.lower()}.") from error
