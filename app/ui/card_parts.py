"""What the sections of a card's dialog share.

A click is kept until the dialog runs again and is done there, before anything is read: so what is shown is what is
stored, a refusal stands at the top, and fields keep what was typed in them.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import streamlit as st
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.ui.page import action

WANTED = "card_wanted"
Act = Callable[[Session], object]
Schema = TypeVar("Schema", bound=BaseModel)


class Wanted(NamedTuple):
    done: str
    act: Act


def later(done: str, act: Act) -> None:
    """For `on_click` and `on_change`. `act` may read fields, and empty those whose text is stored."""
    st.session_state[WANTED] = Wanted(done, act)


def do_what_is_wanted() -> None:
    wanted: Wanted | None = st.session_state.pop(WANTED, None)
    if wanted:
        with action(wanted.done) as db:
            wanted.act(db)


def delete_button(key: str, what: str, done: str, act: Act) -> None:
    """Asks first. A dialog cannot open another one."""
    with st.popover("Delete", icon=":material/delete:", key=f"{key}-ask"):
        st.write(f"Delete {what}? This cannot be undone.")
        st.button("Delete for good", key=key, type="primary", on_click=later, args=(done, act))


def typed(key: str) -> str:
    return str(st.session_state.get(key) or "")


def checked(schema: type[Schema], **fields: object) -> Schema:
    """Raises Invalid that names the field, for what a form lets through and the schema does not."""
    try:
        return schema(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]).replace("_", " ").capitalize() if first["loc"] else "Text"
        wrong = "fill this in" if first["type"] == "string_too_short" else first["msg"].removeprefix("Value error, ")
        raise Invalid(f"{name}: {wrong[0].lower()}{wrong[1:]}.") from error
