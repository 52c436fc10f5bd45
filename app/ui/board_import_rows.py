"""The rows of a CSV file as new cards of the board one looks at."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.exchange.schemas import CardsAdded, ImportPreview, ImportWishes
from app.tasks.exchange.service import add_cards
from app.tasks.schemas import Board
from app.ui.board import may_work
from app.ui.board_import_look import people_lines, report_lines
from app.ui.dataset_upload import pieces
from app.ui.page import action, plain, reading

ROWS, NEW, HERE = "board_import_rows", "A new board", "This board"


@dataclass
class RowsLook:
    """What became of which file, with which wishes, on which board."""

    of: tuple[str, UUID, ImportWishes]
    told: CardsAdded | None = None
    refused: str = ""


def to_this_board(person: Actor, board: Board | None, preview: ImportPreview) -> bool:
    if preview.csv is None or board is None or not may_work(board, person):
        return False
    help_ = f"“{plain(board.name)}”: rows become cards that are made now. Those that are there already are left out."
    return st.segmented_control("Where to", [NEW, HERE], default=NEW, required=True, help=help_) == HERE


def show_rows(person: Actor, board: Board, file: Any, wishes: ImportWishes) -> CardsAdded | None:
    """None when it is refused; that is said."""
    look = _look(person, board, file, wishes)
    if look.told is None:
        st.error(plain(look.refused), icon=":material/error:")
        return None
    shown = ", ".join(f"{column.name} ({column.cards})" for column in look.told.columns if column.cards)
    st.metric("New cards", f"{look.told.cards:,}")
    if shown:
        st.caption("Columns: " + plain(shown))
    people_lines(look.told)
    report_lines(look.told)
    return look.told


def _look(person: Actor, board: Board, file: Any, wishes: ImportWishes) -> RowsLook:
    kept: RowsLook | None = st.session_state.get(ROWS)
    of = (file.file_id, board.id, wishes)
    if kept and kept.of == of:
        return kept
    look = RowsLook(of)
    try:
        stored = tasks.store_import(person, file.name, pieces(file))
        found = tasks.read_import(stored, wishes)
    except AppError as error:
        look.refused = error.message
    else:
        with reading() as db:
            try:
                look.told = add_cards(db, person, board.id, found, wishes, preview=True)
            except AppError as error:
                look.refused = error.message
        tasks.discard_import(stored)
    st.session_state[ROWS] = look
    return look


def add_rows(person: Actor, board: Board, file: Any, wishes: ImportWishes) -> None:
    stored = tasks.store_import(person, file.name, pieces(file))
    with st.spinner("Adding the cards …"):
        found = tasks.read_import(stored, wishes)
    try:
        with action("The cards were added.") as db:
            add_cards(db, person, board.id, found, wishes, preview=False)
            st.session_state.pop(ROWS, None)
            st.rerun()
    finally:
        tasks.discard_import(stored)
