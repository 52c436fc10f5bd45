"""Progress notes as a line of days, the latest first."""

from datetime import date
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details.schemas import Note, NoteChange, NoteCreate
from app.tasks.schemas import Card
from app.ui.card_parts import checked, delete_button, later, typed
from app.ui.markdown import show_markdown
from app.ui.page import plain, when, zone

LABELS = {
    "text": "What happened",
    "issue": "Issue",
    "analysis": "Analysis",
    "timeline": "Timeline",
    "resolution": "Resolution",
}
LONGEST = 10_000


def notes_section(person: Actor, card: Card, notes: list[Note], *, may_change: bool) -> None:
    if may_change:
        _new(person, card)
    if not notes:
        st.caption("No progress notes yet.")
    for day, group in groupby(notes, key=lambda note: note.day):
        st.markdown(f"**{day:%A}, {day.day} {day:%B %Y}**")
        for note in group:
            _note(person, note, may_change=may_change)


def _note(person: Actor, note: Note, *, may_change: bool) -> None:
    is_mine = may_change and note.author_id == person.id
    with st.container(border=True, gap="xsmall"):
        edited = ", edited" if note.edited_at else ""
        st.markdown(f"**{plain(note.author)}** :gray[written {plain(when(note.created_at))}{edited}]")
        if is_mine and st.session_state.get(_editing(note)):
            return _edit(person, note)
        for part, label in LABELS.items():
            if text := getattr(note, part):
                if part != "text":
                    st.caption(label)
                show_markdown(text)
        if not may_change:
            return None
        with st.container(horizontal=True, gap="small"):
            if is_mine:
                st.button("Edit", key=f"edit-{note.id}", icon=":material/edit:", on_click=_begin, args=(note,))
            delete_button(f"delete-{note.id}", "this note", "Note deleted.", partial(_delete, person, note))
    return None


def _new(person: Actor, card: Card) -> None:
    key = f"note-{card.id}"
    with st.expander("New note", icon=":material/edit_note:"), st.form(key, border=False, enter_to_submit=False):
        today = clock.now().astimezone(zone()).date()
        _parts(key, {"day": today})
        act = partial(_write, person, card.id, key)
        st.form_submit_button("Add note", type="primary", on_click=later, args=("Note added.", act))


def _edit(person: Actor, note: Note) -> None:
    key = f"note-{note.id}"
    with st.form(f"change-{note.id}", border=False, enter_to_submit=False):
        _parts(key, note.model_dump())
        with st.container(horizontal=True):
            act = partial(_change, person, note, key)
            st.form_submit_button("Save note", type="primary", on_click=later, args=("Note saved.", act))
            st.form_submit_button("Cancel", on_click=_end, args=(note,))


def _parts(key: str, values: dict[str, Any]) -> None:
    st.date_input("Day", values["day"], format="YYYY-MM-DD", key=f"{key}-day")
    for part, label in LABELS.items():
        height = 120 if part == "text" else 80
        st.text_area(label, values.get(part, ""), key=f"{key}-{part}", max_chars=LONGEST, height=height)


def _written(key: str) -> dict[str, Any]:
    day: date | None = st.session_state.get(f"{key}-day")
    return {"day": day, **{part: typed(f"{key}-{part}") for part in LABELS}}


def _write(person: Actor, card_id: UUID, key: str, db: Session) -> None:
    tasks.write_note(db, person, card_id, checked(NoteCreate, **_written(key)))
    for part in LABELS:
        st.session_state[f"{key}-{part}"] = ""


def _change(person: Actor, note: Note, key: str, db: Session) -> None:
    tasks.edit_note(db, person, note.card_id, note.id, checked(NoteChange, **_written(key)))
    _end(note)


def _delete(person: Actor, note: Note, db: Session) -> None:
    tasks.delete_note(db, person, note.card_id, note.id)


def _begin(note: Note) -> None:
    st.session_state[_editing(note)] = True


def _end(note: Note) -> None:
    st.session_state.pop(_editing(note), None)


def _editing(note: Note) -> str:
    return f"note-edited-{note.id}"
