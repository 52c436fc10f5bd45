"""A board from a file, in two steps: look what it would become, then import it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.exchange.schemas import BoardImport, ImportPreview, ImportWishes, Report
from app.tasks.schemas import Board
from app.ui.board_import_look import csv_choices, show_look
from app.ui.board_import_rows import add_rows, show_rows, to_this_board
from app.ui.dataset_upload import pieces
from app.ui.page import action, plain, reading, viewer, zone
from app.ui.share_dialog import choose_audience

LOOK, RUNNING = "board_import_look", "board_import_running"
TYPES = ["json", "csv", "tsv", "txt"]
REFRESH = 1.0
ANEW: dict[str, Any] = {"done": None, "columns": None}  # guessed again


@dataclass
class Look:
    """What was read of which file, with which wishes."""

    file_id: str
    wishes: ImportWishes
    preview: ImportPreview | None = None
    refused: str = ""


def may_import(_board: Board | None, person: Actor) -> bool:
    return person.role.includes(Role.member)


def import_board(_person: Actor | None = None, board: Board | None = None) -> None:
    @st.dialog("Import a board", width="medium")
    def dialog() -> None:
        person = viewer()
        if import_id := st.session_state.get(RUNNING):
            _follow(person, import_id)
            return
        st.caption(
            "A Trello board (in Trello: Menu, Print, export and share, Export as JSON) or a CSV file with one row a "
            "card. Nothing is stored before you have seen what it becomes."
        )
        file = st.file_uploader("File", type=TYPES, key="board_import_file", max_upload_size=tasks.largest_import_mb())
        if file is None:
            st.session_state.pop(LOOK, None)
            return
        _second_step(person, file, board)

    dialog()


def _second_step(person: Actor, file: Any, board: Board | None) -> None:
    wishes = _wishes_so_far(file.file_id)
    look = _look(person, file, wishes)
    if look.refused:
        st.error(plain(look.refused), icon=":material/error:")
        if wishes != _first_wishes() and st.button("Choose again", icon=":material/undo:"):
            st.session_state.pop(LOOK, None)
            st.rerun(scope="fragment")
        return
    preview = look.preview
    assert preview
    if board and to_this_board(person, board, preview):
        _rows_step(person, file, board, look)
        return
    name = st.text_input("Name of the board", preview.board, max_chars=80)
    chosen = {**show_look(preview), **(csv_choices(preview.csv) if preview.csv else {})}
    share_with = choose_audience(person, key="board_import")
    skip = _skip_rejected(preview)
    again = _again(preview)
    if other := _other_wishes(preview, wishes, chosen):
        st.session_state[LOOK] = Look(file.file_id, other)
        st.rerun(scope="fragment")
    may = (skip or not preview.rejects) and (again or not preview.already) and bool(name.strip())
    if st.button("Import", type="primary", icon=":material/upload:", disabled=not may):
        facts = {**wishes.model_dump(), **chosen, "columns": wishes.columns, "name": name, "skip_rejected": skip}
        _import(person, file, {**facts, "again": again, "share_with": share_with})


def _rows_step(person: Actor, file: Any, board: Board, look: Look) -> None:
    preview = look.preview
    assert preview
    assert preview.csv
    told = show_rows(person, board, file, look.wishes)
    chosen = {"done": _done(preview), "columns": None, **csv_choices(preview.csv)}
    if other := _other_wishes(preview, look.wishes, chosen):
        st.session_state[LOOK] = Look(file.file_id, other)
        st.rerun(scope="fragment")
    if told is None:
        return
    skip = _skip_rejected(told)
    may = bool(told.cards) and (skip or not told.rejects)
    if st.button("Add the cards", type="primary", icon=":material/upload:", disabled=not may):
        add_rows(person, board, file, look.wishes.model_copy(update={"skip_rejected": skip}))


def _done(preview: ImportPreview) -> list[str]:
    return [column.name for column in preview.columns if column.is_done and not column.closed]


def _wishes_so_far(file_id: str) -> ImportWishes:
    look: Look | None = st.session_state.get(LOOK)
    return look.wishes if look and look.file_id == file_id else _first_wishes()


def _first_wishes() -> ImportWishes:
    return ImportWishes(zone=zone().key)


def _look(person: Actor, file: Any, wishes: ImportWishes) -> Look:
    """Read once, and again only when something about it was chosen anew."""
    kept: Look | None = st.session_state.get(LOOK)
    if kept and kept.file_id == file.file_id and kept.wishes == wishes and (kept.preview or kept.refused):
        return kept
    look = Look(file.file_id, wishes)
    try:
        with st.spinner("Reading the file …"):
            look.preview = _preview(person, file, wishes)
    except AppError as error:
        look.refused = error.message
    st.session_state[LOOK] = look
    return look


def _preview(person: Actor, file: Any, wishes: ImportWishes) -> ImportPreview:
    stored = tasks.store_import(person, file.name, pieces(file))
    found = tasks.read_import(stored, wishes)
    with reading() as db:
        preview = tasks.preview_import(db, person, stored, found)
    tasks.discard_import(stored)
    return preview


def _other_wishes(preview: ImportPreview, wishes: ImportWishes, chosen: dict[str, Any]) -> ImportWishes | None:
    """None when the look is at what was chosen. Another delimiter makes other columns, so the rest is guessed anew."""
    if preview.csv and chosen["delimiter"] != preview.csv.delimiter:
        return wishes.model_copy(update={"delimiter": chosen["delimiter"], "mapping": None, **ANEW})
    if preview.csv and chosen["mapping"] != preview.csv.mapping:
        return wishes.model_copy(update={"mapping": chosen["mapping"], **ANEW})
    if preview.csv and chosen["leave"] != wishes.leave:
        return wishes.model_copy(update={"leave": chosen["leave"]})
    if chosen["columns"]:
        return wishes.model_copy(update={"columns": chosen["columns"], "done": None})
    seen = _done(preview)
    return wishes.model_copy(update={"done": chosen["done"]}) if sorted(seen) != sorted(chosen["done"]) else None


def _skip_rejected(preview: Report) -> bool:
    if not preview.rejects:
        return False
    count = len(preview.rejects)
    st.warning(f"{count} row{'s' if count > 1 else ''} of the file cannot be a card.", icon=":material/warning:")
    with st.expander("Which rows, and why"):
        st.dataframe([{"Line": one.line, "Reason": one.reason} for one in preview.rejects], hide_index=True)
    if not preview.cards + preview.archived:
        return False
    return st.checkbox(f"Import the other {preview.cards + preview.archived} cards", key="board_import_skip")


def _again(preview: ImportPreview) -> bool:
    if not preview.already:
        return False
    names = ", ".join(f"“{plain(one.board)}”" for one in preview.already)
    st.warning(f"This very file was imported before: {names}.", icon=":material/content_copy:")
    return st.checkbox("Import it once more", key="board_import_again")


def _import(person: Actor, file: Any, facts: dict[str, Any]) -> None:
    try:
        wishes = ImportWishes.model_validate(facts)
        stored = tasks.store_import(person, file.name, pieces(file))
        with st.spinner("Importing …"):
            found = tasks.read_import(stored, wishes) if tasks.is_small_import(stored) else None
    except (AppError, ValidationError) as error:
        st.error(plain(error.message if isinstance(error, AppError) else "The name of the board is not valid."))
        return
    kept = False
    try:
        with action("Imported." if found else "The import has begun.") as db:
            made = tasks.import_board(db, person, stored, wishes, found)
            kept = True
            _go_on(made)
    finally:
        if not kept:
            tasks.discard_import(stored)


def _go_on(made: BoardImport) -> None:
    st.session_state.pop(LOOK, None)
    if made.board_id:
        st.query_params["board"] = str(made.board_id)
        st.rerun()
    st.session_state[RUNNING] = made.id
    st.rerun(scope="fragment")


def _follow(person: Actor, import_id: UUID) -> None:
    """A large file is imported by a job; this looks after it, and may be closed."""

    @st.fragment(run_every=REFRESH)
    def progress() -> None:
        with reading() as db:
            found = tasks.board_import(db, person, import_id)
        if found.state == "running":
            st.progress(found.progress, f"Importing {plain(found.file_name)} …")
            st.caption("You can close this: the import goes on, and the board appears in the list.")
            return
        st.session_state.pop(RUNNING, None)
        _ended(found)

    progress()


def _ended(found: BoardImport) -> None:
    if found.board_id:
        st.query_params["board"] = str(found.board_id)
        st.rerun(scope="app")
    st.error(plain(found.note or "It could not be imported."), icon=":material/error:")
