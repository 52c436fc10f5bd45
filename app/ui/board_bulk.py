"""The dialog that changes many cards at once, and what it says of those that cannot be changed."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.schemas import Board
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.page import action, plain, reading, viewer, zone

LEAVE: Any = "leave"
KEEP_WORD, CLEAR = "Leave as it is", "clear"
DUE = {LEAVE: KEEP_WORD, "set": "Set to a day", "shift": "Shift by days", CLEAR: "Clear"}
ESTIMATE = {LEAVE: KEEP_WORD, "set": "Set to", CLEAR: "Clear"}
REFUSED = "bulk_refused"


def change_many(_person: Actor, board: Board, target: list[UUID] | str, count: int) -> None:
    """`target`: ids of cards, or the filter that found `count` of them."""
    cards = "1 card" if count == 1 else f"{count:,} cards"
    st.session_state.pop(REFUSED, None)

    @st.dialog(f"Change {cards}", width="medium")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            people = tasks.assignees(db, person, board.id)
        with st.form("bulk", border=False, enter_to_submit=False):
            change = {**_places(board), **_facts(board, people), **_amounts()}
            if st.form_submit_button(f"Change {cards}", type="primary"):
                apply_change(person, board.id, target, count, change)
        with st.expander("Archive them", icon=":material/archive:"):
            st.write(f"Takes {cards} off the board. They can be brought back under Archived.")
            if st.button(f"Archive {cards}", key="bulk_archive"):
                apply_change(person, board.id, target, count, {"action": "archive"})
        say_refused()

    dialog()


def apply_change(person: Actor, board_id: UUID, target: list[UUID] | str, count: int, change: dict[str, Any]) -> None:
    """All or none; which cards stand in the way is kept for `say_refused`."""
    named: dict[str, Any] = {"card_ids": target}
    if isinstance(target, str):
        named = {"filter": target, "expected": count, "zone": str(zone())}
    st.session_state.pop(REFUSED, None)
    done = {"archive": "Archived.", "revive": "Back on the board.", "delete": "Deleted. Histories are kept."}
    with action(done.get(change.get("action", ""), "Changed. Undo takes all of it back.")) as db:
        try:
            tasks.change_cards(db, person, board_id, _checked(named, change))
        except tasks.CardsRefused as refused:
            st.session_state[REFUSED] = refused.details
            raise
        st.rerun()


def say_refused() -> None:
    refused: list[dict[str, Any]] = st.session_state.get(REFUSED, [])
    for one in refused[:20]:
        name = f"**#{one['number']} {plain(one['title'])}**: " if "number" in one else ""
        st.markdown(f"- {name}{plain(one['message'])}")
    if len(refused) > 20:
        st.caption(f"And {len(refused) - 20} more.")


def _places(board: Board) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        columns = {column.id: column.name for column in board.columns}
        change = _one("Column", "column_id", columns)
    if board.lanes:
        with right:
            change |= _one("Lane", "lane_id", {None: "No lane", **{lane.id: lane.name for lane in board.lanes}})
    return change


def _facts(board: Board, people: dict[UUID, str]) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        change = _one("Priority", "priority", PRIORITIES)
    with right:
        change |= _one("Category", "category", CATEGORIES)
    left, right = st.columns(2)  # on a phone they stand one below the other, so each pair is a row of its own
    with left:
        change |= _some("Give to", "assign", people)
    with right:
        change |= _some("Take from", "unassign", people)
    if board.labels:
        labels = {label.id: label.name for label in board.labels}
        left, right = st.columns(2)
        with left:
            change |= _some("Add labels", "add_labels", labels)
        with right:
            change |= _some("Remove labels", "remove_labels", labels)
    return change


def _amounts() -> dict[str, Any]:
    change: dict[str, Any] = {}
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    way = left.selectbox("Due date", list(DUE), format_func=DUE.__getitem__)
    day = middle.date_input("Day", None, format="YYYY-MM-DD", help="For “Set to a day”")
    days = right.number_input("Days", -3650, 3650, 7, help="For “Shift by days”: later, or earlier with a minus")
    if way == "set":
        change["due_on"] = day if day else _missing("Day")
    elif way == "shift":
        change["shift_due_days"] = int(days)
    elif way == CLEAR:
        change["due_on"] = None
    left, middle, _free = st.columns(3, vertical_alignment="bottom")
    how = left.selectbox("Estimate", list(ESTIMATE), format_func=ESTIMATE.__getitem__)
    amount = middle.number_input("Estimate in your unit", 0.0, 999_999.99, 1.0, step=0.5)
    if how != LEAVE:
        change["estimate"] = round(amount, 2) if how == "set" else None
    return change


def _missing(name: str) -> str:
    """Is no date, so that the form is refused with a word on what is missing."""
    return f"{name} is missing"


def _one(label: str, field: str, options: dict[Any, str]) -> dict[str, Any]:
    words = {LEAVE: KEEP_WORD, **options}
    chosen = st.selectbox(label, list(words), format_func=words.__getitem__, key=f"bulk_{field}")
    return {} if chosen == LEAVE else {field: chosen}


def _some(label: str, field: str, options: dict[UUID, str]) -> dict[str, Any]:
    chosen = st.multiselect(label, list(options), format_func=options.__getitem__, key=f"bulk_{field}", placeholder="–")
    return {field: chosen} if chosen else {}


def _checked(named: dict[str, Any], change: dict[str, Any]) -> BulkEdit:
    if not change:
        raise Invalid("Choose at least one thing that is to change.")
    try:
        return BulkEdit.model_validate({**named, "change": change})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][-1]).replace("_", " ")
        raise Invalid(f"{field}: {first['msg'].removeprefix('Value error, ')}") from error
