"""Boards: cards in columns, moved by mouse, touch or keyboard, alive while others work on them.

A further way to look at a board is one line in VIEWS, a further thing to do with a whole board one in MENU.
"""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardLine
from app.ui.board import current, draw, may_work, named_apart, use_full_width
from app.ui.board_activity import board_activity
from app.ui.board_archive import archived_cards
from app.ui.board_automations_menu import automations, may_see_automations, may_use_templates
from app.ui.board_automations_templates import new_card_from_template, say_what_was_left_out
from app.ui.board_calendar import board_calendar
from app.ui.board_export import calendar_feed, export_board, may_export
from app.ui.board_filters import filter_box, say_filter
from app.ui.board_form import change_lists, may_change_board, may_make_boards, new_board
from app.ui.board_import import import_board, may_import
from app.ui.board_shelf import archive_board, archived_boards, may_see_shelf, may_shelve
from app.ui.board_table import card_table
from app.ui.card_form import open_card, show_asked_card, write_card
from app.ui.page import empty_state, page_header, reading, viewer
from app.ui.share_dialog import sharing_line

person = viewer()
use_full_width()


def choose(lines: list[BoardLine]) -> UUID:
    """The board in the address, so that a link or a reload shows the same one."""
    asked = st.query_params.get("board", "")
    wanted = next((line.id for line in lines if str(line.id) == asked), lines[0].id)
    if len(lines) == 1:
        return wanted
    names = named_apart(lines)
    st.session_state[CHOSEN] = wanted
    st.query_params["board"] = str(wanted)
    return st.selectbox(
        "Board", list(names), format_func=names.__getitem__, key=CHOSEN, on_change=go_to_chosen,
        label_visibility="collapsed", width=240,
    )  # fmt: skip


def go_to_chosen() -> None:
    st.query_params["board"] = str(st.session_state[CHOSEN])


def live_board(who: Actor, shown: Board, text: str) -> None:
    if card_id := draw(shown, who, text):
        with reading() as db:
            card = tasks.card(db, who, card_id)
        open_card(card, shown)


BOARD, CHOSEN = "Board", "board_chosen"
VIEWS: dict[str, Callable[[Actor, Board, str], None]] = {  # (person, board, words of the search box)
    BOARD: live_board,
    "Table": card_table,
    "Calendar": board_calendar,
    "Activity": board_activity,
    "Archived": archived_cards,
}
MENU: dict[str, tuple[Callable[[Actor, Board], None], Callable[[Board, Actor], bool]]] = {  # what it does, who may
    "Columns, lanes and labels": (change_lists, may_change_board),
    "New card from a template": (new_card_from_template, may_use_templates),
    "Automations": (automations, may_see_automations),
    "New board": (new_board, may_make_boards),
    "Archive this board": (archive_board, may_shelve),
    "Archived boards": (archived_boards, may_see_shelf),
    "Import…": (import_board, may_import),
    "Export…": (export_board, may_export),
    "Calendar feed…": (calendar_feed, may_export),
}


def toolbar(lines: list[BoardLine]) -> tuple[Board, str, str]:
    """The board, the view and the words to look for that were chosen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        board = current(person, choose(lines))
        view = st.segmented_control("View", list(VIEWS), default=BOARD, required=True, label_visibility="collapsed")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if may_work(board, person) and st.button("New card", type="primary", icon=":material/add:"):
            write_card(board)
        text = filter_box(person, board)
        entries = [name for name, (_act, may) in MENU.items() if may(board, person)]
        asked = st.menu_button("More", entries, icon=":material/more_horiz:") if entries else None
    if asked:
        MENU[asked][0](person, board)
    say_filter(board.id)
    return board, str(view), text


with reading() as db:
    lines = tasks.boards(db, person)
if not lines:
    page_header("Board")
    empty_state("view_kanban", "No board yet", "A board shows the work of a team as cards in columns.")
    if person.role.includes(Role.member):
        with st.container(horizontal=True):
            if st.button("Make the first board", type="primary", icon=":material/add:"):
                new_board()
            if st.button("Archived boards", icon=":material/archive:"):
                archived_boards()
            if st.button("Import a board", icon=":material/upload:"):
                import_board()
    st.stop()
header = st.container()
board, view, text = toolbar(lines)
with header:
    page_header(board.name)
    sharing_line(person, Kind.board, board.id)
say_what_was_left_out()
VIEWS[view](person, board, text)
show_asked_card(person)
