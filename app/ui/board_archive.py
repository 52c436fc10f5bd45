"""The cards that were put away: look for them, bring them back, delete them for good, one by one or all that fit."""

import streamlit as st

from app.core.actor import Actor, Role
from app.tasks import service as tasks
from app.tasks.schemas import Board
from app.tasks.table.schemas import CardLine, SortBy
from app.ui.board import may_work
from app.ui.board_bulk import apply_change, say_refused
from app.ui.page import action, confirm, empty_state, plain, reading, when, zone

PAGE = 20


def archived_cards(person: Actor, board: Board, text: str) -> None:
    key = f"archive_page-{board.id}-{hash(text)}"  # another filter starts on its first page
    page = int(st.session_state.get(key, 1))
    asked = {"by": SortBy.archived_at, "descending": True, "archived": True, "zone": zone()}
    with reading() as db:
        found = tasks.card_table(db, person, board.id, text, offset=(page - 1) * PAGE, limit=PAGE, **asked)  # type: ignore[arg-type]
    if not found.total:
        title = "No archived card fits this filter" if text.strip() else "Nothing here"
        empty_state("archive", title, "Cards that you archive on the board are kept here.")
        return
    if may_work(board, person) and found.total > 1:
        _all_of_them(person, board, text.strip(), found.total)
    for line in found.lines:
        _archived_card(person, board, line)
    pages = -(-found.total // PAGE)
    if pages > 1:
        st.pagination(pages, key=key)


def _all_of_them(person: Actor, board: Board, text: str, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count:,} archived cards**" + (" fit the filter" if text else ""), width="stretch")
        if st.button(f"Bring all {count:,} back", icon=":material/unarchive:", key="revive_all"):
            apply_change(person, board.id, text, count, {"action": "revive"})
        owns = board.owner_id == person.id or person.role.includes(Role.admin)
        if owns and st.button(f"Delete all {count:,}", icon=":material/delete_sweep:", key="delete_all"):
            confirm(
                f"Delete {count:,} cards?",
                verb="Delete for good",
                act=lambda: apply_change(person, board.id, text, count, {"action": "delete"}),
                detail="Their histories are kept, all else is lost. This cannot be undone.",
            )
    say_refused()


def _archived_card(person: Actor, board: Board, card: CardLine) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        title = f"**#{card.number} {plain(card.title)}**"
        st.markdown(f"{title}  \n:gray[Archived {plain(when(card.archived_at))}]", width="stretch")
        if st.button("Read", key=f"read-{card.id}", icon=":material/visibility:"):
            st.query_params["card"] = str(card.id)
        if not may_work(board, person):
            return
        if st.button("Bring back", key=f"revive-{card.id}", icon=":material/unarchive:"):
            with action("Back on the board.") as db:
                tasks.revive_card(db, person, card.id)
                st.rerun()
        if st.button("Delete", key=f"delete-{card.id}", icon=":material/delete:"):
            confirm(f"Delete “{plain(card.title)}”?", verb="Delete for good", act=lambda: _delete(person, card))


def _delete(person: Actor, card: CardLine) -> None:
    with action("Deleted. Its history is kept.") as db:
        tasks.delete_card(db, person, card.id)
        st.rerun()
