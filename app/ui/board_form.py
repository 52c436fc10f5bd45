"""The dialogs of a whole board: a new one, its name and its columns."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor, Role
from app.core.errors import Invalid
from app.sharing.schemas import ShareCreate
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, ColumnEdit
from app.ui.board import may_work
from app.ui.page import action, viewer
from app.ui.share_dialog import choose_audience

ROWS = "board_form_rows"


@dataclass
class Row:
    """A column while it is being edited."""

    key: str
    id: UUID | None = None
    name: str = ""
    is_done: bool = False
    wip_limit: int | None = None
    cards: int = 0


def may_change_board(board: Board, person: Actor) -> bool:
    return may_work(board, person) and (board.owner_id == person.id or person.role.includes(Role.author))


def may_make_boards(_board: Board, person: Actor) -> bool:
    return person.role.includes(Role.member)


def new_board(_person: Actor | None = None, _from: Board | None = None) -> None:
    @st.dialog("New board")
    def dialog() -> None:
        person = viewer()
        with st.form("new_board", border=False):
            name = st.text_input("Name", max_chars=80, placeholder="Team, project or quarter")
            share_with = choose_audience(person, key="new_board")
            st.caption("It starts with To do, In progress, Pending and Completed. You can change them at any time.")
            if st.form_submit_button("Make board", type="primary"):
                with action("Made.") as db:
                    board = tasks.create_board(db, person, _checked_board(name, share_with))
                    st.query_params["board"] = str(board.id)
                    st.rerun()

    dialog()


def change_columns(_person: Actor, board: Board) -> None:
    """Opens with the columns as they are; nothing is saved before Save."""
    st.session_state[ROWS] = [
        Row(str(column.id), column.id, column.name, column.is_done, column.wip_limit, len(column.cards))
        for column in board.columns
    ]

    @st.dialog("Name and columns", width="medium")
    def dialog() -> None:
        person = viewer()
        name = st.text_input("Name of the board", board.name, max_chars=80)
        st.caption("A limit is the most cards a column may hold. A card that enters a done column is completed.")
        rows: list[Row] = st.session_state[ROWS]
        for place, row in enumerate(rows):
            _row(rows, place, row)
        if st.button("Add a column", icon=":material/add:", type="tertiary"):
            rows.append(Row(f"new-{uuid4()}"))
            st.rerun(scope="fragment")
        if st.button("Save", type="primary"):
            with action("Saved.") as db:
                tasks.change_board(db, person, board.id, _checked_change(name, rows))
                st.rerun()

    dialog()


def _row(rows: list[Row], place: int, row: Row) -> None:
    shown: Literal["visible", "collapsed"] = "visible" if place == 0 else "collapsed"
    key = f"{ROWS}-{row.key}"
    held = f"Holds {row.cards} cards: move or archive them first" if row.cards else "Remove"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row.name = st.text_input("Column", row.name, max_chars=80, key=f"{key}-name", label_visibility=shown)
        row.wip_limit = st.number_input(
            "Limit", 1, 9_999, row.wip_limit, key=f"{key}-limit", label_visibility=shown, placeholder="None", width=110
        )
        row.is_done = st.checkbox("Done", row.is_done, key=f"{key}-done")
        up = st.button("Up", key=f"{key}-up", help="Further left on the board", disabled=place == 0)
        down = st.button("Down", key=f"{key}-down", help="Further right on the board", disabled=place == len(rows) - 1)
        remove = st.button("Remove", key=f"{key}-remove", help=held, disabled=bool(row.cards) or len(rows) == 1)
    if up or down:
        other = place + (1 if down else -1)
        rows[place], rows[other] = rows[other], rows[place]
        st.rerun(scope="fragment")
    if remove:
        del rows[place]
        st.rerun(scope="fragment")


def _checked_board(name: str, share_with: list[ShareCreate]) -> BoardCreate:
    try:
        return BoardCreate(name=name, share_with=share_with)
    except ValidationError as error:
        raise Invalid("Name: give the board a name of 1 to 80 characters.") from error


def _checked_change(name: str, rows: list[Row]) -> BoardChange:
    try:
        columns = [ColumnEdit(id=row.id, name=row.name, is_done=row.is_done, wip_limit=row.wip_limit) for row in rows]
        return BoardChange(name=name, columns=columns)
    except ValidationError as error:
        raise Invalid("Name: the board and each column need a name of 1 to 80 characters.") from error
