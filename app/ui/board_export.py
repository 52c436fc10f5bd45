"""A board as a file, what was imported into it, and its dates for a calendar program."""

import streamlit as st

from app.core.actor import Actor
from app.core.errors import NotFound
from app.tasks import service as tasks
from app.tasks.calendar.schemas import CalendarLink, CalendarLinkCreate
from app.tasks.exchange.schemas import ImportReport
from app.tasks.schemas import Board
from app.ui.board_import_look import report_lines
from app.ui.page import action, plain, reading, viewer, when
from app.ui.reconfirm import is_still, password_field

SHOWN = "calendar_link_shown"
ALARMS = {
    None: "No reminder",
    0: "When the day begins",
    15: "At 9:00 the day before",
    24: "A day before",
    168: "A week before",
}


def may_export(_board: Board, _person: Actor) -> bool:
    return True


def export_board(_person: Actor, board: Board) -> None:
    """Links to the API, which streams the file; nothing of it passes through the page."""

    @st.dialog("Export the board")
    def dialog() -> None:
        person = viewer()
        st.caption(
            "The Trello file holds all of the board with its history and can be imported here again; attached files "
            "are only linked. The CSV file has one row a card."
        )
        with st.container(horizontal=True):
            for form, label in (("trello", "Trello JSON"), ("csv", "CSV")):
                address = f"/api/v1/boards/{board.id}/export?format={form}"
                st.link_button(label, address, icon=":material/download:")
        if found := _report(person, board):
            _show_report(found)

    dialog()


def _report(person: Actor, board: Board) -> ImportReport | None:
    with reading() as db:
        try:
            return tasks.import_report(db, person, board.id)
        except NotFound:
            return None


def _show_report(found: ImportReport) -> None:
    st.subheader("How it was imported", anchor=False)
    st.caption(f"From {plain(found.file_name)}, {when(found.at)}.")
    report_lines(found.report)
    st.download_button(
        "Report as text",
        tasks.report_text(found),
        file_name="import-report.txt",
        mime="text/plain",
        icon=":material/description:",
    )


def calendar_feed(_person: Actor, board: Board) -> None:
    """A link is shown once, right after it was made."""
    st.session_state.pop(SHOWN, None)

    @st.dialog("Calendar feed")
    def dialog() -> None:
        person = viewer()
        st.caption(
            "A private link with which a calendar program shows the open cards of this board that have a date. "
            "Whoever has the link can read their titles, so keep it to yourself."
        )
        with reading() as db:
            link = tasks.calendar_link(db, person, board.id)
        if address := st.session_state.get(SHOWN):
            st.success("Copy it now: it is not shown again.", icon=":material/link:")
            st.code(address, language=None, wrap_lines=True)
        if link:
            _existing(person, board, link)
        _make(person, board, link)

    dialog()


def _existing(person: Actor, board: Board, link: CalendarLink) -> None:
    st.markdown(f"You have a link, made {plain(when(link.created_at))}, last read {plain(when(link.read_at))}.")
    if st.button("End this link", icon=":material/link_off:", help="Calendars that use it get nothing any more."):
        with action("The link has ended.") as db:
            tasks.revoke_calendar_link(db, person, board.id)
            st.session_state.pop(SHOWN, None)
            st.rerun(scope="fragment")


def _make(person: Actor, board: Board, link: CalendarLink | None) -> None:
    with st.form("calendar_link", border=False):
        alarm = st.selectbox("Reminder", list(ALARMS), format_func=ALARMS.__getitem__)
        password = password_field(person)
        label = "Make a new link and end the old one" if link else "Make a link"
        if st.form_submit_button(label, type="primary") and is_still(person, password):
            with action("The link is made.") as db:
                made = tasks.make_calendar_link(db, person, board.id, CalendarLinkCreate(alarm_hours=alarm))
                st.session_state[SHOWN] = made.url
                st.rerun(scope="fragment")
