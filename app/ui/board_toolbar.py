"""What stands above a board: its name, the ways to look at it, the search, and what is done with the whole of it."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.sharing.schemas import Kind
from app.tasks.schemas import Board, BoardLine
from app.ui.address import id_in_address
from app.ui.board import FOLDER, current, may_work, named_apart
from app.ui.board_filters import filter_box, say_filter
from app.ui.board_missed import BOARD, is_missed
from app.ui.card_form import write_card
from app.ui.page import page_header
from app.ui.share_dialog import share, sharing_line

CHOSEN = "board_chosen"
Views = dict[str, Callable[[Actor, Board, str], None]]  # (person, board, words of the search box)
Menu = dict[str, tuple[Callable[[Actor, Board], None], Callable[[Board, Actor], bool]]]  # what it does, who may


def style_page() -> None:
    """Columns need the room that other pages leave at the sides, and on a phone the one above them."""
    st.html(FOLDER / "page.css")


def head_of(person: Actor, board: Board, *, alone: bool) -> None:
    """On a phone the list of boards says the name, and sharing is in the menu."""
    with st.container(key="board_head_alone" if alone else "board_head"):
        page_header(board.name)
        sharing_line(person, Kind.board, board.id)


def toolbar(person: Actor, lines: list[BoardLine], views: Views, menu: Menu) -> tuple[Board, str, str]:
    """The board, the view and the words to look for that were chosen."""
    with st.container(key="board_bar"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="board_views"):
            board = current(person, _choose(lines))
            view = st.segmented_control(
                "View", list(views), default=next(iter(views)), required=True, label_visibility="collapsed"
            )
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="board_tools"):
            if may_work(board, person) and st.button("New card", type="primary", icon=":material/add:"):
                write_card(board)
            text = filter_box(person, board)
            entries = [name for name, (_act, may) in menu.items() if may(board, person)]
            asked = st.menu_button("More", entries, icon=":material/more_horiz:") if entries else None
    if asked:
        menu[asked][0](person, board)
    with st.container():  # always there: what comes after it would be drawn anew each time that it comes or goes
        say_filter(board.id)
    return board, str(view), text


def may_share(board: Board, person: Actor) -> bool:
    mine = board.owner_id == person.id and person.role.includes(Role.member)
    return mine or person.role.includes(Role.admin)


def share_board(_person: Actor, board: Board) -> None:
    share(Kind.board, board.id)


def _choose(lines: list[BoardLine]) -> UUID:
    """The board in the address, so that a link or a reload shows the same one."""
    asked = id_in_address(BOARD)
    wanted = next((line.id for line in lines if line.id == asked), lines[0].id)
    if len(lines) == 1:
        return wanted
    names = named_apart(lines)
    st.session_state[CHOSEN] = wanted
    if not is_missed(lines):
        st.query_params[BOARD] = str(wanted)
    return st.selectbox(
        "Board", list(names), format_func=names.__getitem__, key=CHOSEN, on_change=_go_to_chosen,
        label_visibility="collapsed", width=240,
    )  # fmt: skip


def _go_to_chosen() -> None:
    st.query_params[BOARD] = str(st.session_state[CHOSEN])
