"""Notices on the screen: the bell of every page, and what is new under Home."""

from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from app.core import clock
from app.core.actor import Actor
from app.notices import service as notices
from app.notices.schemas import Notice, NoticeKind, Unread
from app.ui.page import action, empty_state, path_of, plain, reading, relative

SHOWN, SHOWN_AT_HOME, EXCERPT = 20, 5, 140
LOOK_EVERY = 60.0
OPEN = "bell_open"
ICONS = {
    NoticeKind.assigned: "person_add",
    NoticeKind.mentioned: "alternate_email",
    NoticeKind.commented: "chat_bubble",
    NoticeKind.unblocked: "lock_open",
    NoticeKind.due_soon: "event_upcoming",
    NoticeKind.overdue: "event_busy",
    NoticeKind.stale: "hourglass_bottom",
    NoticeKind.automation: "smart_toy",
}


def bell(person: Actor) -> None:
    """In the header of every page (see streamlit.css). It looks again every minute; looking is no activity."""
    with st.container(key="bell"):
        st.fragment(_bell, run_every=LOOK_EVERY)(person)


def _bell(person: Actor) -> None:
    with reading() as db:
        count = notices.unread_count(db, person)
    icon = "notifications_unread" if count.unread else "notifications"
    spot = st.popover(_words(count), icon=f":material/{icon}:", type="tertiary", key=OPEN, on_change="rerun")
    if spot.open:
        with spot:
            _all_notices(person, count)


def _words(count: Unread) -> str:
    return f"Notices ({count.unread}{'+' * count.more})" if count.unread else "Notices"


def _all_notices(person: Actor, count: Unread) -> None:
    with reading() as db:
        page = notices.notices(db, person, limit=SHOWN)
    if not page.items:
        empty_state("notifications", "Nothing new", "Cards that are given to you, comments and due dates appear here.")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if count.unread and st.button("Mark all as read", icon=":material/done_all:"):
            with action() as db:
                notices.mark_all_read(db, person)
            st.rerun(scope="fragment")
        tab = {"tab": "Notices"}
        st.page_link(path_of("settings"), label="Settings", icon=":material/settings:", query_params=tab)
    for one in page.items:
        _row(person, one, "bell")
    if page.next_cursor:
        st.caption(f"The {SHOWN} newest are shown.")


def new_for_me(person: Actor) -> None:
    """What has not been read; nothing when there is nothing."""
    with reading() as db:
        page = notices.notices(db, person, unread=True, limit=SHOWN_AT_HOME)
    if not page.items:
        return
    st.header("New for me", anchor=False)
    for one in page.items:
        with st.container(border=True, gap=None):
            _row(person, one, "home")
    if page.next_cursor:
        st.caption("More are under the bell at the top.")


def _row(person: Actor, one: Notice, place: str) -> None:
    """What is new is bold and says so; to follow it is to have read it."""
    icon, new = f":material/{ICONS[one.kind]}:", one.read_at is None
    subject = f"**{plain(one.subject)}**" if new else plain(one.subject)
    with st.container(gap=None):
        if st.button(subject, icon=icon, key=f"notice_{place}_{one.id}", type="tertiary", wrap=True):
            with action() as db:
                notices.mark_read(db, person, one.id)
            _follow(one.link)
        where = f"{plain(one.about)} · " if one.about else ""
        said = f" · {plain(_excerpt(one.text))}" if one.text else ""
        st.caption(f"{':blue-badge[New] ' * new}{where}{relative(one.at, clock.now())}{said}")


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[:EXCERPT].rstrip() + "…"


def _follow(link: str) -> None:
    st.session_state.pop(OPEN, None)
    address = urlsplit(link)
    st.switch_page(path_of(address.path.strip("/") or "home"), query_params=dict(parse_qsl(address.query)))
