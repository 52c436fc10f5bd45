"""Many messages as a table, the state in words and colour; a row opens its message."""

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from app.deliveries.schemas import Delivery, State
from app.ui.delivery_view import BADGES
from app.ui.page import when

# Dark enough on white, light enough on the dark ground: at least 4.5 : 1.
COLOURS = {
    "light": {
        State.sent: "#15703a",
        State.failed: "#b3261e",
        State.unknown: "#7a3ea1",
        State.deferred: "#9a5b00",
        State.sending: "#2456a6",
        State.queued: "#4a5563",
    },
    "dark": {
        State.sent: "#6fd195",
        State.failed: "#ff9d95",
        State.unknown: "#d3a6f0",
        State.deferred: "#f2bd6b",
        State.sending: "#8bb8f8",
        State.queued: "#b3bdc9",
    },
}


def delivery_table(found: list[Delivery], key: str) -> None:
    rows = pd.DataFrame(
        [
            {
                "Status": BADGES[one.state][0],
                "Recipient": one.recipient,
                "Subject": one.subject or "–",
                "Schedule": one.schedule_name,
                "Last change": when(one.sent_at or one.changed_at),
                "Problem": one.error or "",
            }
            for one in found
        ]
    )
    shown = rows.style.apply(lambda _: [_style(one.state) for one in found], subset=["Status"])
    st.caption("Select a row to read the message and what the server said.")
    chosen = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"{key}_table",
        column_config={"Status": st.column_config.TextColumn(width=105)},
        alt="Messages, newest first",
    )
    if chosen.selection.rows:
        st.query_params["delivery"] = str(found[chosen.selection.rows[0]].id)
        st.rerun()


def _style(state: State) -> str:
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return f"color: {COLOURS[theme][state]}; font-weight: 600"
