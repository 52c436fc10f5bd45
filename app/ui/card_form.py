"""The dialogs of one card: write a new one, and everything there is to an existing one.

A card that is open stands in the address, so that a link or a reload opens it again: `?board=…&card=…`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.paging import Page
from app.tasks import service as tasks
from app.tasks.details.schemas import Comment
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

CARD, SHOWN, WARNED, CLOSED, LAST = "card", "card_shown", "card_warned", "card_closed", "card_last"
GONE = (
    "This card was deleted or is no longer shared with you. What you see is how it was, with what you wrote: "
    "nothing of it can be saved any more, so copy what you need before you close it."
)
STILL_ON_THE_WAY = timedelta(seconds=2)
T = TypeVar("T")


class Opened(NamedTuple):
    """What every section of the dialog is given: the card as it was when it was opened, and as it is now."""

    person: Actor
    first: Card
    card: Card
    board: Board
    may_change: bool


class Drawn(NamedTuple):
    """What the sections were given the last time that the card could be read."""

    opened: Opened
    found: dict[str, Any]


class Section(NamedTuple):
    """`read` is asked for what `draw` shows, in the transaction in which the card was read."""

    read: Callable[[Session, Opened], Any]
    draw: Callable[[Opened, Any], None]


def open_card(card: Card) -> None:
    """For changing, or for reading where the viewer may not change."""
    st.query_params[CARD] = str(card.id)
    st.session_state[SHOWN] = card.id
    st.session_state.pop(CLOSED, None)

    @st.dialog(plain(f"#{card.number} {card.title}"), width="medium", on_dismiss=close_card)
    def dialog() -> None:
        person = viewer()
        do_what_is_wanted()
        _draw(person, card)

    st.session_state.pop(_looked_at(card), None)
    st.session_state.pop(LAST, None)
    dialog()


def begin_page() -> None:
    """First of a page on which cards are opened: what earlier runs have opened is no matter any more.

    A click that follows the closing at once still tells the address of before: the card would come back. But who
    goes back to the card wants it.
    """
    st.session_state.pop(SHOWN, None)
    if (run := get_script_run_ctx()) and run.is_history_navigation:
        st.session_state.pop(CLOSED, None)
    card_id, at = st.session_state.get(CLOSED, (None, None))
    if at and st.query_params.get(CARD) == card_id and clock.now() - at < STILL_ON_THE_WAY:
        st.query_params.pop(CARD)


def close_card() -> None:
    if card_id := st.query_params.pop(CARD, None):
        st.session_state[CLOSED] = (card_id, clock.now())


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
    open_card(card)
    st.session_state.pop(SHOWN)


def _draw(person: Actor, first: Card) -> None:
    """Only the sections that were looked at: they stay, because fields that are not drawn forget what was typed.

    For the same reason a card that is gone stays as it was last seen.
    """
    with reading() as db:
        if now := _now(db, person, first):
            tabs = _tabs(now)
            looked_at: set[str] = st.session_state.setdefault(_looked_at(first), set())
            looked_at |= {name for name, tab in tabs.items() if tab.open}
            found = {name: SECTIONS[name].read(db, now) for name in tabs if name in looked_at}
            drawn = st.session_state[LAST] = Drawn(now, found)
        else:
            st.error(GONE, icon=":material/error:")
            drawn = st.session_state[LAST]
            tabs = _tabs(drawn.opened)
    for name, what in drawn.found.items():
        with tabs[name]:
            SECTIONS[name].draw(drawn.opened, what)


def _now(db: Session, person: Actor, first: Card) -> Opened | None:
    """None when a card that this dialog has shown is gone."""
    try:
        card = tasks.card(db, person, first.id)
        board = tasks.board_frame(db, person, card.board_id)
    except NotFound:
        if LAST in st.session_state:
            return None
        raise
    return Opened(person, first, card, board, may_work(board, person) and card.archived_at is None)


def _tabs(opened: Opened) -> dict[str, Any]:
    """Who has begun to edit keeps the form, also when somebody else archives the card meanwhile."""
    card = opened.card
    edits = opened.may_change or EDIT in st.session_state.get(_looked_at(card), ())
    names = [name for name in SECTIONS if name != EDIT or edits]
    return dict(zip(names, st.tabs(names, key=f"card-tabs-{card.id}", on_change="rerun"), strict=True))


def _looked_at(card: Card) -> str:
    return f"card-looked-at-{card.id}"


def _whole(page_after: Callable[[str | None], Page[T]]) -> list[T]:
    page = page_after(None)
    found = page.items
    while page.next_cursor:
        page = page_after(page.next_cursor)
        found += page.items
    return found


def _read_only(opened: Opened, _nothing: None) -> None:
    if opened.card.archived_at and may_work(opened.board, opened.person):
        st.info("This card is archived. Bring it back to change it.", icon=":material/archive:")
        if st.button("Bring back", icon=":material/unarchive:"):
            with action("Back on the board.") as db:
                tasks.revive_card(db, opened.person, opened.card.id)
                close_card()
                st.rerun()
    read_section(opened.card, opened.board)


def _change(opened: Opened, people: dict[UUID, str]) -> None:
    """The card as it was when it was opened: what somebody writes here is not lost when others change it."""
    first = opened.first
    if opened.card.archived_at:
        text = "Somebody has archived this card in the meantime. Copy what you wrote, then bring it back under Read."
        st.warning(text, icon=":material/archive:")
    elif opened.card.version != first.version:
        text = "Somebody has changed this card in the meantime. Keep what you wrote, then open the card again."
        st.warning(text, icon=":material/sync_problem:")
    with st.form(f"card-{first.id}-{first.version}", border=False, enter_to_submit=False):
        fields = card_fields(first, opened.board, people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            preview = st.form_submit_button("Preview", icon=":material/visibility:")
            archive = st.form_submit_button("Archive", icon=":material/archive:")
    if save:
        with action("Saved.") as db:
            change = card_change(fields, first.version)
            after = tasks.change_card(db, viewer(), first.id, change)
            if fields["column_id"] != first.column_id:
                move = CardMove(column_id=fields["column_id"], version=after.version)
                after = tasks.move_card(db, viewer(), first.id, move)
            _close_with(after)
    if archive:
        with action("Archived. It is kept under Archived.") as db:
            _close_with(tasks.archive_card(db, viewer(), first.id))
    if preview:
        with st.container(border=True):
            show_markdown(fields["description"])


def _comments(opened: Opened, found: tuple[tuple[list[Comment], bool], dict[UUID, str]]) -> None:
    (said, more), people = found
    comments_section(opened.person, opened.card, said, more, people.values(), may_change=opened.may_change)


def _history(_opened: Opened, found: tuple[list[CardEvent], dict[UUID, str]]) -> None:
    events, names = found
    for event in events:
        st.markdown(told(event, names))


def _page(read: Callable[..., Page[T]]) -> Callable[[Session, Opened], list[T]]:
    return lambda db, opened: read(db, opened.person, opened.card.id, limit=200).items


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


EDIT = "Edit"
SECTIONS = {
    EDIT: Section(lambda db, o: tasks.assignees(db, o.person, o.card.board_id), _change),
    "Read": Section(lambda _db, _o: None, _read_only),
    "Checklist": Section(
        lambda db, o: _whole(lambda cursor: tasks.checklist(db, o.person, o.card.id, cursor=cursor)),
        lambda o, found: checklist_section(o.person, o.card, found, may_change=o.may_change),
    ),
    "Comments": Section(
        lambda db, o: (read_comments(db, o.person, o.card.id), tasks.assignees(db, o.person, o.card.board_id)),
        _comments,
    ),
    "Notes": Section(
        _page(tasks.notes), lambda o, found: notes_section(o.person, o.card, found, may_change=o.may_change)
    ),
    "Files": Section(
        _page(tasks.files), lambda o, found: files_section(o.person, o.card, found, may_change=o.may_change)
    ),
    "Waits for": Section(
        lambda db, o: (_page(tasks.blockers)(db, o), _page(tasks.waiting)(db, o)),
        lambda o, found: blockers_section(o.person, o.card, *found, may_change=o.may_change),
    ),
    "History": Section(
        lambda db, o: (tasks.card_history(db, o.person, o.card.id), accounts.person_names(db, o.person)), _history
    ),
}
