"""A part of the settings page: what I am told, and when I get it by mail."""

from zoneinfo import available_timezones

import streamlit as st

from app.core.actor import Actor
from app.notices import service as notices
from app.notices.schemas import MailMode, NoticeKind, NoticeSettings, NoticeSettingsChange
from app.ui.page import action, reading, zone

KINDS = {
    NoticeKind.assigned: ("A card is given to me", ""),
    NoticeKind.mentioned: (
        "Somebody mentions me",
        "With @ and your name, in a comment or in the description of a card.",
    ),
    NoticeKind.commented: ("A comment on my cards", "Cards that are given to you, or that you made."),
    NoticeKind.unblocked: ("A card of mine is no longer blocked", "The last card that it waited for is done."),
    NoticeKind.due_soon: ("A card of mine is due soon", "Each board says how many days before."),
    NoticeKind.overdue: ("A card of mine is overdue", ""),
    NoticeKind.stale: ("A card of mine has not moved for a while", "Each board says for how many days."),
    NoticeKind.automation: ("A rule of a board tells me something", ""),
}
MAILS = {MailMode.off: "No mails", MailMode.daily: "Once a day", MailMode.hourly: "Every hour"}


def my_notices(person: Actor) -> None:
    with reading() as db:
        mine = notices.notice_settings(db, person)
    if mine == NoticeSettings():
        mine = mine.model_copy(update={"zone": zone().key})
    with st.form("notices", border=False):
        st.markdown("**In AutoReport**, under the bell")
        told = [
            kind
            for kind, (words, more) in KINDS.items()
            if st.checkbox(words, kind not in mine.muted, help=more or None)
        ]
        st.markdown("**By mail**")
        st.caption("What is new since the last mail and still unread, by board. Without news there is no mail.")
        mail = st.radio(
            "Mails", list(MAILS), list(MAILS).index(mine.mail), format_func=MAILS.__getitem__, horizontal=True
        )
        hour, place = _clock(mine)
        if not st.form_submit_button("Save notices", type="primary"):
            return
    muted = [kind for kind in KINDS if kind not in told]
    with action("Saved. It holds from the next notice on.") as db:
        notices.change_settings(db, person, NoticeSettingsChange(muted=muted, mail=mail, hour=hour, zone=place))
        st.rerun()


def _clock(mine: NoticeSettings) -> tuple[int, str]:
    left, right = st.columns(2)
    hour = left.selectbox("Hour of the daily mail", range(24), mine.hour, format_func=lambda number: f"{number:02}:00")
    zones = sorted(available_timezones())
    about = "The daily mail and due dates go by its clock."
    return hour, right.selectbox("My time zone", zones, zones.index(mine.zone), help=about)
