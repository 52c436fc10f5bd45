"""What a board does by itself, in one dialog: rules, switches, recurring cards and templates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.automations.service import Names
from app.tasks.schemas import Board
from app.ui.board import may_work
from app.ui.board_form import may_change_board
from app.ui.card_parts import do_what_is_wanted
from app.ui.page import reading, viewer

PLACE = "automations_place"


@dataclass
class Place:
    """What of a section is shown: its list, or one thing in a form, its log, or the question before it goes."""

    form: str = "list"
    item: Any = None
    draft: Any = None


@dataclass(frozen=True)
class Scene:
    """The board, who looks, and what they may do here."""

    board: Board
    person: Actor
    may_arrange: bool
    may_work: bool
    names: Names


def place() -> Place:
    found: Place = st.session_state.setdefault(PLACE, Place())
    return found


def go(form: str = "list", item: Any = None) -> None:
    """For `on_click`, or before a rerun: to another part of the dialog, which stays open."""
    st.session_state[PLACE] = Place(form, item)


def people_on(person: Actor, board_id: UUID) -> dict[UUID, str]:
    with reading() as db:
        return tasks.assignees(db, person, board_id)


def scene_of(board: Board) -> Scene:
    """Anew at each run of a dialog: what somebody may do can change while it is open."""
    person = viewer()
    with reading() as db:
        board = tasks.board_frame(db, person, board.id)
    names = Names(
        columns={column.id: column.name for column in board.columns},
        labels={label.id: label.name for label in board.labels},
        people=people_on(person, board.id),
    )
    return Scene(board, person, may_change_board(board, person), may_work(board, person), names)


def dialog_of(title: str, sections: Mapping[str, Callable[[Scene], None]], board: Board) -> None:
    """Opens with the list of the first section."""
    st.session_state[PLACE] = Place()

    @st.dialog(title, width="large")
    def dialog() -> None:
        names = list(sections)
        choice = names[0]
        if len(names) > 1:
            shown: dict[str, Any] = {"default": names[0], "required": True, "label_visibility": "collapsed"}
            choice = st.segmented_control("Part", names, key="automations_section", on_change=go, **shown)
        do_what_is_wanted()
        sections[choice](scene_of(board))

    dialog()


def saved() -> None:
    """At the end of an `action`: back to the list, with what was saved in it."""
    go()
    st.rerun(scope="fragment")
