"""Administration: the trail of what everybody did."""

import json

import streamlit as st

from app.audit import service as audit
from app.core.actor import Actor
from app.ui.page import reading, when

PAGE_SIZE = 50
CURSORS = "audit_cursors"


def show(_person: Actor) -> None:
    cursors: list[str] = st.session_state.setdefault(CURSORS, [])
    with reading() as db:
        page = audit.entries_page(db, limit=PAGE_SIZE, cursor=cursors[-1] if cursors else None)
    rows = [
        {
            "When": when(entry.at),
            "Who": entry.person,
            "From": entry.ip or "–",
            "What": entry.action,
            "Of": entry.subject,
            "Details": json.dumps(entry.details) if entry.details else "",
        }
        for entry in page.items
    ]
    st.dataframe(rows, hide_index=True, height=560)
    with st.container(horizontal=True):
        if st.button("Newer", disabled=not cursors, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if st.button("Older", disabled=not page.next_cursor, icon=":material/chevron_right:") and page.next_cursor:
            cursors.append(page.next_cursor)
            st.rerun()
