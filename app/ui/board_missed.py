"""An address that names a board which is not there, or not for this person: what is shown instead, in words."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from app.tasks.schemas import BoardLine
from app.ui.address import id_in_address
from app.ui.page import plain

BOARD = "board"


def is_missed(lines: Sequence[BoardLine]) -> bool:
    return bool(st.query_params.get(BOARD)) and id_in_address(BOARD) not in {line.id for line in lines}


def say_missed(lines: Sequence[BoardLine], shown: UUID | None) -> None:
    """Until it is read or another board is chosen: so long the address stays as it came."""
    name = next((line.name for line in lines if line.id == shown), "")
    all_of_them = "These are all boards instead." if lines else "No other board is shared with you."
    instead = f"This is “{plain(name)}” instead." if name else all_of_them
    text = f"There is no such board, or you may not see it; it may have been archived. {instead}"
    st.warning(text, icon=":material/search_off:")
    st.button("All right", on_click=forget_missed, icon=":material/check:")


def forget_missed() -> None:
    st.query_params.pop(BOARD, None)
