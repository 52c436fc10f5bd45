"""What the address of a page says is open on it."""

from uuid import UUID

import streamlit as st


def id_in_address(name: str) -> UUID | None:
    """None when it is not there, or is no id."""
    try:
        return UUID(st.query_params.get(name, ""))
    except ValueError:
        return None
