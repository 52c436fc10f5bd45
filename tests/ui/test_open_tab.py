"""Tabs of which one is drawn: the one in the address."""

import importlib.util

import pytest
from streamlit.testing.v1 import AppTest

from app import server


def page_of_tabs() -> None:
    import streamlit as st

    from app.ui.open_tab import draw_open

    draw_open({"Files": lambda: st.text("files"), "Rows": lambda: st.text("rows")}, key="towns")


@pytest.mark.parametrize(("asked", "drawn"), [(None, "files"), ("Rows", "rows"), ("Nonsense", "files")])
def test_only_the_tab_in_the_address_is_drawn(asked: str | None, drawn: str) -> None:
    at = AppTest.from_function(page_of_tabs)
    if asked:
        at.query_params["tab"] = asked
    assert [one.value for one in at.run().text] == [drawn]


def test_a_changed_address_opens_its_tab_as_the_back_button_does() -> None:
    at = AppTest.from_function(page_of_tabs)
    at.query_params["tab"] = "Rows"
    at.run()
    del at.query_params["tab"]
    assert [one.value for one in at.run().text] == ["files"]


def test_what_children_are_to_find_imported_exists() -> None:
    """The process that imports it says nothing of a module that is not there."""
    assert [name for name in server.IN_CHILDREN if importlib.util.find_spec(name) is None] == []
