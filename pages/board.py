"""Boards: cards in columns, moved by mouse, touch or keyboard, alive while others work on them.

A further way to look at a board is one line in VIEWS, a further thing to do with a whole board one in MENU.
"""

import streamlit as st

from app.core.actor import Actor, Role
from app.tasks import service as tasks
from app.tasks.schemas import Board
from app.ui.board import draw, live_page
from app.ui.board_activity import board_activity
from app.ui.board_archive import archived_cards
from app.ui.board_automations_menu import automations, may_see_automations, may_use_templates
from app.ui.board_automations_templates import new_card_from_template, say_what_was_left_out
from app.ui.board_calendar import board_calendar
from app.ui.board_export import calendar_feed, export_board, may_export
from app.ui.board_form import change_lists, may_change_board, may_make_boards, new_board
from app.ui.board_import import import_board, may_import
from app.ui.board_missed import is_missed, say_missed
from app.ui.board_shelf import archive_board, archived_boards, may_see_shelf, may_shelve
from app.ui.board_table import card_table
from app.ui.board_toolbar import Menu, Views, head_of, may_share, share_board, style_page, toolbar
from app.ui.card_form import begin_page, open_card, show_asked_card
from app.ui.page import empty_state, page_header, reading, viewer

person = viewer()
begin_page()
style_page()


@st.fragment
def live_board(who: Actor, shown: Board, text: str) -> None:
    """Alone when a card is opened: the rest of the page stays as it is."""
    if card_id := draw(shown, who, text):
        who = viewer()
        with reading() as db:
            card = tasks.card(db, who, card_id)
        open_card(card)


VIEWS: Views = {
    "Board": live_board,
    "Table": card_table,
    "Calendar": board_calendar,
    "Activity": board_activity,
    "Archived": archived_cards,
}
MENU: Menu = {
    "Columns, lanes and labels": (change_lists, may_change_board),
    "New card from a template": (new_card_from_template, may_use_templates),
    "Automations": (automations, may_see_automations),
    "New board": (new_board, may_make_boards),
    "Share…": (share_board, may_share),
    "Archive this board": (archive_board, may_shelve),
    "Archived boards": (archived_boards, may_see_shelf),
    "Import…": (import_board, may_import),
    "Export…": (export_board, may_export),
    "Calendar feed…": (calendar_feed, may_export),
}


with reading() as db:
    lines = tasks.boards(db, person)
if not lines:
    page_header("Board")
    if is_missed(lines):
        say_missed(lines, None)
    may_make = person.role.includes(Role.member)
    hint = "A board shows the work of a team as cards in columns."
    ask = "" if may_make else " Nobody has shared one with you so far. Members, authors and administrators make boards."
    empty_state("view_kanban", "No board yet", hint + ask)
    if may_make:
        with st.container(horizontal=True):
            if st.button("Make the first board", type="primary", icon=":material/add:"):
                new_board()
            if st.button("Archived boards", icon=":material/archive:"):
                archived_boards()
            if st.button("Import a board", icon=":material/upload:"):
                import_board()
    st.stop()
header, missed = st.container(), st.container()
board, view, text = toolbar(person, lines, VIEWS, MENU)
with header:
    head_of(person, board, alone=len(lines) == 1)
if is_missed(lines):
    with missed:
        say_missed(lines, board.id)
with st.container():
    say_what_was_left_out()
VIEWS[view](person, board, text)
live_page()
show_asked_card(person)
