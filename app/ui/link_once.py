"""A link that opens a door, shown to an administrator once, to be passed on by other means than our mail."""

import streamlit as st

from app.ui.page import plain

KEPT = "link_once"


def keep_link(what: str, whose: str, link: str | None) -> None:
    """Shown at the next run; none when it went by mail."""
    if link:
        st.session_state[KEPT] = (what, whose, link)


def show_link() -> None:
    """It is forgotten when the box is closed."""
    if KEPT not in st.session_state:
        return
    what, whose, link = st.session_state[KEPT]
    with st.container(border=True):
        st.markdown(f"**{what} for {plain(whose)}**")
        st.caption("No mail can be sent from here, so pass it on yourself. It works once and is not shown again.")
        st.code(link, language=None, wrap_lines=True)
        if st.button("I have passed it on", icon=":material/check:", key="link_passed_on"):
            del st.session_state[KEPT]
            st.rerun()
