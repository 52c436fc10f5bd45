"""Where a question in SQL is asked: here, or in the database of a source."""

from typing import cast
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.core.errors import AppError
from app.sources import service as sources
from app.sources.schemas import DatabaseTables
from app.ui.page import plain, reading
from app.ui.query_form import Columns

HERE = "Datasets here"


def choose_connection(person: Actor, present: str | None, key: str) -> tuple[str | None, dict[str, Columns] | None]:
    """The connection and its tables; None for the datasets here, which is not asked where there is nothing else."""
    with reading() as db:
        known = {one.name: one.id for one in sources.connections(db, person)}
    names = [HERE, *known, *([present] if present and present not in known else [])]
    if len(names) == 1:
        return None, None
    place = names.index(present) if present else 0
    chosen = st.selectbox("Ask", names, place, key=f"{key}_connection", help="Databases that sources take rows from")
    if chosen == HERE:
        return None, None
    return chosen, _tables(person, known[chosen]) if chosen in known else {}


def _tables(person: Actor, source: UUID) -> dict[str, Columns]:
    """Asked once in a session: it goes over the network."""
    place = f"tables_of_{source}"
    if place not in st.session_state:
        try:
            with st.spinner("Looking which tables there are…"), reading() as db:
                st.session_state[place] = sources.tables_of(db, person, source)
        except AppError as error:
            st.warning(plain(error.message), icon=":material/warning:")
            return {}
    found = cast("DatabaseTables", st.session_state[place])
    return {one.name: one.columns for one in found.tables}
