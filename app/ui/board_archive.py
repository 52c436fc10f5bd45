"""The cards that were put away: look for them, bring them back, delete them for good."""

import streamlit as st

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.schemas import Board, Card
from app.ui.board import may_work
from app.ui.page import action, confirm, empty_state, plain, reading, when


def archived_cards(person: Actor, board: Board, text: str) -> None:
    with reading() as db:
        page = tasks.search_cards(db, person, board.id, text, archived=True, limit=50)
    if not page.items:
        empty_state("archive", "Nothing here", "Cards that you archive on the board are kept here.")
    for card in page.items:
        _archived_card(person, board, card)
    if page.next_cursor:
        st.caption("Only the 50 latest are shown. Search for older ones.")


def _archived_card(person: Actor, board: Board, card: Card) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(card.title)}**  \n:gray[Archived {plain(when(card.archived_at))}]", width="stretch")
        if not may_work(board, person):
            return
        if st.button("Bring back", key=f"revive-{card.id}", icon=":material/unarchive:"):
            with action("Back on the board.") as db:
                tasks.revive_card(db, person, card.id)
                st.rerun()
        if st.button("Delete", key=f"delete-{card.id}", icon=":material/delete:"):
            confirm(f"Delete “{plain(card.title)}”?", verb="Delete for good", act=lambda: _delete(person, card))


def _delete(person: Actor, card: Card) -> None:
    with action("Deleted. Its history is kept.") as db:
        tasks.delete_card(db, person, card.id)
        st.rerun()
