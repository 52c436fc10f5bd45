"""The box that filters cards, and the filters that people keep."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.filters.schemas import FilterChange, FilterCreate, SavedFilter
from app.tasks.schemas import Board
from app.ui.board import may_work
from app.ui.page import action, confirm, plain, reading

LANGUAGE = """Words are looked for in title and description; put several words that belong together in quotation marks.

`status:"In progress"` `lane:North` `label:bug,later` `label:none` `assignee:me` `assignee:nobody` `priority:>=high`
`category:highlight` `due:today` `due:overdue` `due:<7d` `due:2026-03-01..2026-03-31` `updated:>30d` `estimate:>3`
`is:open` `is:done` `is:blocked` `is:stale` `is:archived` `has:comment` `has:file` `#12`

A minus says not: `-is:blocked`. Between groups: `or`, with brackets: `(label:bug or due:overdue) assignee:me`."""
SHARED, OWN = "For everybody on the board", "For me"


def filter_box(person: Actor, board: Board) -> str:
    """The text that cards are filtered by; what cannot be understood is said by `say_filter`, and the last good one
    holds."""
    key = _key(board.id)
    with reading() as db:
        saved = tasks.saved_filters(db, person, board.id)
    if key not in st.session_state:
        st.session_state[key] = next((one.text for one in saved if one.is_default), "")
    text = st.text_input(
        "Search cards",
        type="search",
        live=True,
        key=key,
        placeholder="Search or filter, such as due:<7d",
        label_visibility="collapsed",
        width="stretch",
    )
    _saved(person, board, (text or "").strip(), saved)
    try:
        tasks.parse_filter(text or "")
    except tasks.FilterError:
        return str(st.session_state.get(f"{key}-good", ""))
    st.session_state[f"{key}-good"] = text or ""
    return text or ""


def say_filter(board_id: UUID) -> None:
    """Below the box: how it was understood, or why it was not."""
    text = str(st.session_state.get(_key(board_id)) or "")
    if not text.strip():
        return
    try:
        words = tasks.describe_filter(tasks.parse_filter(text))
    except tasks.FilterError as error:
        st.warning(plain(f"{error.message[:1].upper()}{error.message[1:]}"), icon=":material/filter_alt_off:")
        return
    st.caption(f":material/filter_alt: {plain(words[:1].upper() + words[1:])}")


def _key(board_id: UUID) -> str:
    return f"board_filter-{board_id}"


def _saved(person: Actor, board: Board, text: str, saved: list[SavedFilter]) -> None:
    with st.popover("Filters", icon=":material/filter_alt:"):
        names = {one.id: f"{one.name} (mine)" if not one.shared else one.name for one in saved}
        if saved:
            st.selectbox(
                "Saved filters",
                list(names),
                index=None,
                format_func=lambda one: names.get(one, ""),
                placeholder="Choose a saved filter",
                key=f"chosen_filter-{board.id}",
                on_change=_use,
                args=(board.id, {one.id: one.text for one in saved}),
            )
        chosen = next((one for one in saved if one.text == text), None)
        if chosen:
            _manage(person, board, chosen)
        elif text:
            _save(person, board, text)
        else:
            st.caption("Write a filter into the box to keep it here.")
        st.markdown(LANGUAGE)


def _use(board_id: UUID, texts: dict[UUID, str]) -> None:
    chosen = st.session_state.get(f"chosen_filter-{board_id}")
    if chosen in texts:
        st.session_state[_key(board_id)] = texts[chosen]


def _save(person: Actor, board: Board, text: str) -> None:
    with st.form(f"save_filter-{board.id}", border=False, clear_on_submit=True):
        name = st.text_input("Name of this filter", max_chars=80)
        shared = (st.radio("For whom", [OWN, SHARED], horizontal=True) if may_work(board, person) else OWN) == SHARED
        if not st.form_submit_button("Save filter", type="primary"):
            return
    with action("Saved.") as db:
        tasks.save_filter(db, person, board.id, _checked(name, text, shared=shared))
        st.rerun()


def _manage(person: Actor, board: Board, one: SavedFilter) -> None:
    """Of the filter that is in the box."""
    starts = st.checkbox("Start with it on this board", one.is_default, key=f"default-{one.id}-{one.is_default}")
    if starts != one.is_default:
        with action("Saved.") as db:
            tasks.choose_default_filter(db, person, board.id, one.id if starts else None)
            st.rerun()
    if one.shared and not may_work(board, person):
        return
    name = st.text_input("Rename it", one.name, max_chars=80, key=f"rename-{one.id}-{one.name}")
    with st.container(horizontal=True):
        if name.strip() and name.strip() != one.name:
            with action("Renamed.") as db:
                tasks.change_filter(db, person, board.id, one.id, FilterChange(name=name))
                st.rerun()
        if may_work(board, person):
            other = "Keep it for me alone" if one.shared else "Share it with the board"
            if st.button(other, key=f"share-{one.id}", icon=":material/group:"):
                with action("Saved.") as db:
                    tasks.change_filter(db, person, board.id, one.id, FilterChange(shared=not one.shared))
                    st.rerun()
        if st.button("Delete it", key=f"delete-filter-{one.id}", icon=":material/delete:"):
            question = f"Delete the filter “{plain(one.name)}”?"
            confirm(question, verb="Delete filter", act=lambda: _delete(person, board.id, one.id))


def _delete(person: Actor, board_id: UUID, filter_id: UUID) -> None:
    with action("Deleted.") as db:
        tasks.delete_filter(db, person, board_id, filter_id)
        st.rerun()


def _checked(name: str, text: str, *, shared: bool) -> FilterCreate:
    try:
        return FilterCreate(name=name, text=text, shared=shared)
    except ValidationError as error:
        raise Invalid("Name: give the filter a name of 1 to 80 characters.") from error
