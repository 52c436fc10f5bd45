"""How a source that is followed all the time is doing: looked at again by itself."""

import streamlit as st

from app.sources import service as sources
from app.sources.schemas import Source, StreamState
from app.ui.page import plain, reading, viewer, when

AGAIN = "3s"


def stream_lines(one: Source) -> None:
    def draw() -> None:
        with reading() as db:
            state = sources.stream_state(db, viewer(), one.id)
        _state(one, state)
        if state.warnings:
            with st.expander(f"Warnings ({len(state.warnings)})"):
                for warning in state.warnings:
                    st.caption(f"{when(warning.at)}: {plain(warning.text)}")

    st.fragment(draw, run_every=None if one.paused else AGAIN)()


def _state(one: Source, state: StreamState) -> None:
    if state.trouble and not one.paused:
        again = f" Tried again {when(state.retry_at)}." if state.retry_at else ""
        st.warning(f"{plain(state.trouble)}{again}", icon=":material/error:")
    elif not state.is_followed and not one.paused:
        st.caption(":material/hourglass: Waiting for a worker to follow it.")
    if not state.partitions:
        return
    messages = f"{state.messages:,} message{'s' if state.messages != 1 else ''} read"
    rejected = f", {state.rejected:,} rejected" if state.rejected else ""
    st.caption(f"{messages}{rejected} · {_behind(state)}")
    if state.last_message_at:
        st.caption(f"Last message {when(state.last_message_at)}")


def _behind(state: StreamState) -> str:
    count = len(state.partitions)
    where = f"{count} partition{'s' if count != 1 else ''}"
    return f"{state.lag:,} behind in {where}" if state.lag else f"up to date in {where}"
