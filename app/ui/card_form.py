"""The dialogs of one card: write a new one, and everything there is to an existing one.

A card that is open stands in the address, so that a link or a reload opens it again: `?board=…&card=…`.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import Actor
from app.core.paging import Page
from app.tasks import service as tasks
from app.tasks.details.schemas import CardFile, ChecklistItem, Comment, LinkedCard, Note
from app.tasks.schemas import Board, Card, CardEvent, CardMove
from app.ui.board import may_work
from app.ui.card_blockers import blockers_section
from app.ui.card_checklist import checklist_section
from app.ui.card_comments import comments_section, read_comments
from app.ui.card_fields import card_change, card_fields, new_card
from app.ui.card_files import files_section
from app.ui.card_history import told
from app.ui.card_notes import notes_section
from app.ui.card_parts import do_what_is_wanted
from app.ui.card_reading import read_section
from app.ui.markdown import show_markdown
from app.ui.page import action, plain, reading, viewer

CARD, SHOWN, WARNED = "card", "card_shown", "card_warned"
T = TypeVar("T")


class Contents(NamedTuple):
    """All that the dialog of a card shows, read at one moment."""

    card: Card
    board: Board
    people: dict[UUID, str]
    names: dict[UUID, str]
    items: list[ChecklistItem]
    comments: tuple[list[Comment], bool]
    notes: list[Note]
    files: list[CardFile]
    blockers: list[LinkedCard]
    waiting: list[LinkedCard]
    events: list[CardEvent]


def open_card(card: Card, board: Board) -> None:
    """For changing, or for reading where the viewer may not change."""
    st.query_params[CARD] = str(card.id)
    st.session_state[SHOWN] = card.id

    @st.dialog(plain(f"#{card.number} {card.title}"), width="medium", on_dismiss=close_card)
    def dialog() -> None:
        person = viewer()
        do_what_is_wanted()
        with reading() as db:
            found = _read(db, person, card.id)
        _draw(person, card, found)

    dialog()


def close_card() -> None:
    st.query_params.pop(CARD, None)


def show_asked_card(person: Actor) -> None:
    """At the end of a page: the card that its address names, unless the page itself has opened one."""
    for warning in st.session_state.pop(WARNED, []):
        st.toast(plain(warning), icon=":material/warning:")
    if st.session_state.pop(SHOWN, None) or CARD not in st.query_params:
        return
    try:
        card_id = UUID(st.query_params[CARD])
    except ValueError:
        close_card()
        return
    with reading() as db:
        card = tasks.card(db, person, card_id)
        board = tasks.board_frame(db, person, card.board_id)
    open_card(card, board)
    st.session_state.pop(SHOWN)


def _read(db: Session, person: Actor, card_id: UUID) -> Contents:
    card = tasks.card(db, person, card_id)
    return Contents(
        card=card,
        board=tasks.board_frame(db, person, card.board_id),
        people=tasks.assignees(db, person, card.board_id),
        names=accounts.person_names(db, person),
        items=_whole(lambda cursor: tasks.checklist(db, person, card_id, cursor=cursor)),
        comments=read_comments(db, person, card_id),
        notes=tasks.notes(db, person, card_id, limit=200).items,
        files=tasks.files(db, person, card_id, limit=200).items,
        blockers=tasks.blockers(db, person, card_id, limit=200).items,
        waiting=tasks.waiting(db, person, card_id, limit=200).items,
        events=tasks.card_history(db, person, card_id),
    )


def _whole(page_after: Callable[[str | None], Page[T]]) -> list[T]:
    page = page_after(None)
    found = page.items
    while page.next_cursor:
        page = page_after(page.next_cursor)
        found += page.items
    return found


def _draw(person: Actor, opened: Card, found: Contents) -> None:
    card, board = found.card, found.board
    may = may_work(board, person) and card.archived_at is None
    edit = ["Edit"] if may else []
    names = [*edit, "Read", "Checklist", "Comments", "Notes", "Files", "Waits for", "History"]
    *editing, read, checklist, comments, notes, files, blockers, history = st.tabs(names)
    for tab in editing:
        with tab:
            _change(opened, found)
    with read:
        _read_only(person, found)
    with checklist:
        checklist_section(person, card, found.items, may_change=may)
    with comments:
        comments_section(person, card, *found.comments, found.people.values(), may_change=may)
    with notes:
        notes_section(person, card, found.notes, may_change=may)
    with files:
        files_section(person, card, found.files, may_change=may)
    with blockers:
        blockers_section(person, card, found.blockers, found.waiting, may_change=may)
    with history:
        for event in found.events:
            st.markdown(told(event, found.names))


def _read_only(person: Actor, found: Contents) -> None:
    if found.card.archived_at and may_work(found.board, person):
        st.info("This card is archived. Bring it back to change it.", icon=":material/archive:")
        if st.button("Bring back", icon=":material/unarchive:"):
            with action("Back on the board.") as db:
                tasks.revive_card(db, person, found.card.id)
                close_card()
                st.rerun()
    read_section(found.card, found.board)


def _change(opened: Card, found: Contents) -> None:
    """The card as it was when it was opened: what somebody writes here is not lost when others change it."""
    if found.card.version != opened.version:
        text = "Somebody has changed this card in the meantime. Keep what you wrote, then open the card again."
        st.warning(text, icon=":material/sync_problem:")
    with st.form(f"card-{opened.id}-{opened.version}", border=False, enter_to_submit=False):
        fields = card_fields(opened, found.board, found.people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            preview = st.form_submit_button("Preview", icon=":material/visibility:")
            archive = st.form_submit_button("Archive", icon=":material/archive:")
    if save:
        with action("Saved.") as db:
            change = card_change(fields, opened.version)
            after = tasks.change_card(db, viewer(), opened.id, change)
            if fields["column_id"] != opened.column_id:
                move = CardMove(column_id=fields["column_id"], version=after.version)
                after = tasks.move_card(db, viewer(), opened.id, move)
            _close_with(after)
    if archive:
        with action("Archived. It is kept under Archived.") as db:
            _close_with(tasks.archive_card(db, viewer(), opened.id))
    if preview:
        with st.container(border=True):
            show_markdown(fields["description"])


def _close_with(card: Card) -> None:
    st.session_state[WARNED] = card.warnings
    close_card()
    st.rerun()


def write_card(board: Board) -> None:
    @st.dialog("New card", width="medium")
    def dialog() -> None:
        person = viewer()
        with reading() as db:
            names = tasks.assignees(db, person, board.id)
        with st.form("new_card", border=False, enter_to_submit=False):
            fields = card_fields(None, board, names)
            if st.form_submit_button("Add card", type="primary"):
                with action("Added.") as db:
                    _close_with(tasks.create_card(db, person, board.id, new_card(fields)))

    dialog()
