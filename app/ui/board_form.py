"""The dialogs of a whole board: a new one, its name, columns, lanes and labels."""

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor, Role
from app.core.errors import Invalid
from app.sharing.schemas import ShareCreate
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate
from app.ui.board import may_work
from app.ui.board_rows import Draft, draft_of, edit_columns, edit_labels, edit_lanes
from app.ui.page import action, reading, viewer
from app.ui.share_dialog import choose_audience

DRAFT = "board_form_draft"


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


def change_lists(person: Actor, board: Board) -> None:
    """Opens with the board as it is now; nothing is saved before Save."""
    with reading() as db:
        board = tasks.board_frame(db, person, board.id)
        st.session_state[DRAFT] = draft_of(board, tasks.cards_in_columns(db, person, board.id))

    @st.dialog("Columns, lanes and labels", width="medium")
    def dialog() -> None:
        draft: Draft = st.session_state[DRAFT]
        name = st.text_input("Name of the board", board.name, max_chars=80)
        columns, lanes, labels = st.tabs(["Columns", "Lanes", "Labels"])
        with columns:
            edit_columns(draft.columns)
        with lanes:
            edit_lanes(draft.lanes)
        with labels:
            edit_labels(draft.labels)
        if st.button("Save", type="primary"):
            with action("Saved.") as db:
                tasks.change_board(db, viewer(), board.id, _checked_change(name, draft))
                st.rerun()

    dialog()


def _checked_board(name: str, share_with: list[ShareCreate]) -> BoardCreate:
    try:
        return BoardCreate(name=name, share_with=share_with)
    except ValidationError as error:
        raise Invalid("Name: give the board a name of 1 to 80 characters.") from error


def _checked_change(name: str, draft: Draft) -> BoardChange:
    try:
        return BoardChange(
            version=draft.version,
            name=name,
            columns=[row.column() for row in draft.columns],
            lanes=[row.lane() for row in draft.lanes],
            labels=[row.label() for row in draft.labels],
        )
    except ValidationError as error:
        raise Invalid(
            "Name: the board and each column, lane and label need a name of 1 to 80 characters. "
            "A board has 1 to 30 columns, at most 50 lanes and at most 100 labels."
        ) from error
