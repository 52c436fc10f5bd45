"""Boards that went out of use: put one away, bring it back, delete it for good."""

import streamlit as st

from app.core.actor import Actor, Role
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardLine
from app.ui.page import action, confirm, empty_state, plain, reading, viewer, when

ASKED = "board_shelf_asked"


def may_shelve(board: Board | BoardLine, person: Actor) -> bool:
    mine = board.owner_id == person.id and person.role.includes(Role.member)
    return mine or person.role.includes(Role.admin)


def may_see_shelf(_board: Board, person: Actor) -> bool:
    return person.role.includes(Role.member)


def archive_board(person: Actor, board: Board) -> None:
    def act() -> None:
        with action("Archived. You find it under Archived boards.") as db:
            tasks.archive_board(db, viewer(), board.id)
            st.query_params.pop("board", None)
            st.rerun()

    detail = "It leaves every list, and nothing on it can be changed. You can bring it back at any time."
    confirm(f"Archive the board “{plain(board.name)}”?", verb="Archive", act=act, detail=detail)


def archived_boards(_person: Actor | None = None, _from: Board | None = None) -> None:
    st.session_state.pop(ASKED, None)

    @st.dialog("Archived boards", width="medium")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            page = tasks.boards_page(db, person, archived=True, limit=100)
        if not page.items:
            empty_state("archive", "Nothing here", "Boards that are archived are kept here.")
        for line in page.items:
            _one(person, line)
        if page.next_cursor:
            st.caption("Only the first 100 are shown.")

    dialog()


def _one(person: Actor, line: BoardLine) -> None:
    with st.container(border=True):
        cards = line.cards + line.archived
        facts = f"{cards} card{'' if cards == 1 else 's'} · archived {plain(when(line.archived_at))}"
        st.markdown(f"**{plain(line.name)}**  \n:gray[{facts}]")
        if not may_shelve(line, person):
            return
        with st.container(horizontal=True):
            if st.button("Bring back", key=f"shelf-back-{line.id}", icon=":material/unarchive:"):
                with action("The board is back.") as db:
                    tasks.revive_board(db, person, line.id)
                    st.query_params["board"] = str(line.id)
                    st.rerun()
            if st.button("Delete", key=f"shelf-delete-{line.id}", icon=":material/delete:"):
                st.session_state[ASKED] = line.id
        if st.session_state.get(ASKED) == line.id:
            _delete(person, line)


def _delete(person: Actor, line: BoardLine) -> None:
    """Asked here: over a dialog there can be no other."""
    st.warning(
        "Its cards, their files, comments and history go with it. This cannot be undone.", icon=":material/warning:"
    )
    with st.container(horizontal=True):
        if st.button("Cancel", key=f"shelf-cancel-{line.id}"):
            del st.session_state[ASKED]
            st.rerun(scope="fragment")
        if st.button("Delete for good", type="primary", key=f"shelf-sure-{line.id}"):
            with action(f"“{line.name}” is deleted.") as db:
                tasks.delete_board(db, person, line.id)
                st.rerun()
