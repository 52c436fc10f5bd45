"""Tabs of which only the open one is drawn. Which one it is stands in the address: it can be sent, and Back leads back.

Not Streamlit's own binding: pages that show one thing of many clear the address, which a bound name refuses.
"""

from collections.abc import Callable, Mapping

import streamlit as st

NAME = "tab"


def draw_open(tabs: Mapping[str, Callable[[], object]], *, key: str) -> None:
    """Each name with what draws it. `key` tells tabs of one page apart, also those of two things shown in turn."""
    names, place = list(tabs), f"tab_{key}"
    asked = st.query_params.get(NAME, names[0])
    st.session_state[place] = asked if asked in names else names[0]
    for name, tab in zip(names, st.tabs(names, key=place, on_change=_to_address, args=(place, names[0])), strict=True):
        if tab.open:
            with tab:
                tabs[name]()


def _to_address(place: str, first: str) -> None:
    chosen = st.session_state[place]
    if chosen == first:
        st.query_params.pop(NAME, None)
    else:
        st.query_params[NAME] = chosen
