"""The cards of a board as a table: sorted by any column, in pages, with one change for many of them."""

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.schemas import Board
from app.tasks.table.schemas import CardLine, CardTable, SortBy
from app.ui.board import CATEGORIES, PRIORITIES, may_work
from app.ui.board_bulk import change_many
from app.ui.page import empty_state, reading, zone

PAGE = 50
COLUMNS = {
    "title": "Title",
    "column": "Column",
    "lane": "Lane",
    "priority": "Priority",
    "category": "Category",
    "labels": "Labels",
    "assignees": "Assigned to",
    "start_on": "Start",
    "due_on": "Due",
    "estimate": "Estimate",
    "created_at": "Created",
    "updated_at": "Last change",
    "completed_at": "Completed",
    "archived_at": "Archived",
}
FIRST = ["title", "column", "priority", "labels", "assignees", "due_on", "updated_at"]
SORTS = {"number": "Number", **COLUMNS}


def card_table(person: Actor, board: Board, text: str) -> None:
    shown, by, descending = _choices(board)
    state = f"{board.id}-{hash((text, by, descending))}"  # another filter or order starts on its first page
    page = int(st.session_state.get(f"table_page-{state}", 1))
    asked: dict[str, Any] = {"by": SortBy(by), "descending": descending, "zone": zone()}
    with reading() as db:
        found = tasks.card_table(db, person, board.id, text, offset=(page - 1) * PAGE, limit=PAGE, **asked)
    if not found.total:
        title = "No card fits this filter" if text.strip() else "No cards yet"
        empty_state("table_rows", title, "Cards of this board are listed here.")
        return
    selected = _table(board, found, shown, state)
    _below(person, board, text, found, selected)
    pages = -(-found.total // PAGE)
    if pages > 1:
        st.pagination(pages, key=f"table_page-{state}")


def _choices(board: Board) -> tuple[list[str], str, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        by = st.selectbox(
            "Sort by", list(SORTS), format_func=SORTS.__getitem__, key=f"table_sort-{board.id}", width=180
        )
        descending = st.toggle("Highest or latest first", key=f"table_down-{board.id}")
        with st.popover("Columns", icon=":material/view_column:"):
            shown = st.multiselect(
                "Columns of the table",
                list(COLUMNS),
                FIRST,
                format_func=COLUMNS.__getitem__,
                key=f"table_cols-{board.id}",
            )
    return shown or ["title"], by, descending


def _table(board: Board, found: CardTable, shown: list[str], state: str) -> list[CardLine]:
    """The cards that were selected in it. A click on a number opens its card."""
    click = f"table_click-{board.id}"

    def open_clicked() -> None:
        clicked = st.session_state[click]
        if clicked and clicked["row"] < len(found.lines):
            st.query_params["card"] = str(found.lines[clicked["row"]].id)

    looks: dict[str, Any] = {
        "#": st.column_config.ButtonColumn(
            "Open", type="tertiary", on_click=open_clicked, key=click, pinned=True, width="small"
        )
    }
    for name in shown:
        looks[COLUMNS[name]] = _look(name)
    event = st.dataframe(
        [{"#": f"#{line.number}", **{COLUMNS[name]: _value(line, name) for name in shown}} for line in found.lines],
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        column_config=looks,
        placeholder="",
        key=f"table-{state}-{board.revision}-{found.lines[0].id if found.lines else ''}",
        alt=f"{len(found.lines)} of {found.total} cards",
    )
    return [found.lines[row] for row in event.selection.rows if row < len(found.lines)]


def _look(name: str) -> Any:
    column = st.column_config
    if name in ("start_on", "due_on"):
        return column.DateColumn(format="D MMM YYYY")
    if name.endswith("_at"):
        return column.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=str(zone()))
    if name == "labels":
        return column.ListColumn()
    return column.NumberColumn(format="%.4g") if name == "estimate" else column.TextColumn()


def _value(line: CardLine, name: str) -> Any:
    value = getattr(line, name)
    if name == "priority":
        return PRIORITIES[value]
    if name == "category":
        return CATEGORIES[value]
    return ", ".join(value) if name == "assignees" else value


def _below(person: Actor, board: Board, text: str, found: CardTable, selected: list[CardLine]) -> None:
    query = urlencode({"filter": text.strip(), "zone": str(zone())} if text.strip() else {})
    cards = "1 card" if found.total == 1 else f"{found.total:,} cards"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _open_selected(selected)
        if may_work(board, person):
            if st.button(_chosen(len(selected)), disabled=not selected, icon=":material/edit:", key="change_selected"):
                change_many(person, board, [line.id for line in selected], len(selected))
            if st.button(f"Change all {cards}", icon=":material/edit_note:", key="change_found"):
                change_many(person, board, text.strip(), found.total)
        st.link_button(f"{cards} as CSV", f"/api/v1/boards/{board.id}/cards.csv?{query}", icon=":material/download:")
    if not selected:
        changes = " or to change several at once" if may_work(board, person) else ""
        select = f"Select rows, on the keyboard with Shift+Space, to open a card{changes}."
        st.caption(f"{select} A click on a number opens its card, too.")


def _open_selected(selected: list[CardLine]) -> None:
    """For the keyboard, which does not reach the button in a row."""
    one = selected[0] if len(selected) == 1 else None
    name = f"Open #{one.number}" if one else "Open selected"
    if st.button(name, disabled=one is None, icon=":material/open_in_full:", key="open_selected") and one:
        st.query_params["card"] = str(one.id)


def _chosen(count: int) -> str:
    return "Change selected" if not count else f"Change {count} selected"
