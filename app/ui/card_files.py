"""Files on a card. They are saved, never shown: what somebody sends may be anything."""

from functools import partial
from typing import Any, cast

import streamlit as st
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.core.intake import Upload, discard
from app.core.settings import settings
from app.tasks import service as tasks
from app.tasks.details.schemas import CardFile
from app.tasks.schemas import Card
from app.ui.card_parts import delete_button
from app.ui.page import action, plain, when

UNITS = ("bytes", "KB", "MB", "GB")
OFFICE, OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
KINDS = {
    "application/pdf": "PDF",
    "image/png": "PNG picture",
    "image/jpeg": "JPEG picture",
    "image/gif": "GIF picture",
    "image/bmp": "BMP picture",
    "image/webp": "WebP picture",
    "application/zip": "ZIP archive",
    "application/gzip": "GZIP archive",
    "application/x-7z-compressed": "7z archive",
    "application/ogg": "Ogg media",
    "audio/mpeg": "MP3",
    "video/mp4": "MP4",
    f"{OFFICE}wordprocessingml.document": "Word document",
    f"{OFFICE}spreadsheetml.sheet": "Excel workbook",
    f"{OFFICE}presentationml.presentation": "PowerPoint slides",
    f"{OPEN}text": "OpenDocument text",
    f"{OPEN}spreadsheet": "OpenDocument spreadsheet",
    f"{OPEN}presentation": "OpenDocument slides",
    "text/plain": "Text",
    "application/octet-stream": "Other kind of file",
}


def files_section(person: Actor, card: Card, files: list[CardFile], *, may_change: bool) -> None:
    if not files:
        st.caption("No files yet." if may_change else "This card has no files.")
    for file in files:
        _file(person, file, may_change=may_change)
    if may_change:
        _send(person, card)


def _file(person: Actor, file: CardFile, *, may_change: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/attach_file: **{plain(file.name)}**")
        written = f"{plain(file.author)}, {plain(when(file.created_at))}"
        st.caption(f"{size_words(file.size)} · {kind_words(file.media_type)} · {written}")
        with st.container(horizontal=True, gap="small"):
            address = f"/api/v1/cards/{file.card_id}/files/{file.id}"
            st.link_button("Download", address, icon=":material/download:")
            if may_change:
                act = partial(_delete, person, file)
                delete_button(f"delete-{file.id}", plain(file.name), "File deleted.", act)


def _send(person: Actor, card: Card) -> None:
    """A sent file stays in its field, so the field begins anew after each."""
    times = f"files-sent-{card.id}"
    key = f"files-{card.id}-{st.session_state.get(times, 0)}"
    limit = f"Any kind of file, at most {settings().max_upload_mb} MB each."
    chosen = st.file_uploader("Files", accept_multiple_files=True, key=key, help=limit)
    if not st.button("Attach", disabled=not chosen, icon=":material/attach_file:", key=f"attach-{card.id}"):
        return
    with st.spinner("Storing"):
        stored = _stored(person, cast("list[Any]", chosen))
    if not stored:
        return
    with action() as db:
        tasks.sweep_files(db)
    try:
        with action("Attached.") as db:
            for one in stored:
                tasks.attach_file(db, person, card.id, one)
            stored = []
            st.session_state[times] = st.session_state.get(times, 0) + 1
            st.rerun(scope="fragment")
    finally:
        for one in stored:
            discard(one)


def _stored(person: Actor, chosen: list[Any]) -> list[Upload]:
    """All or none, before the transaction: large ones take their time."""
    stored: list[Upload] = []
    try:
        for file in chosen:
            stored.append(tasks.store_file(person, file.name, [file.getvalue()]))
    except AppError as error:
        for one in stored:
            discard(one)
        st.error(plain(error.message), icon=":material/error:")
        return []
    return stored


def kind_words(media_type: str) -> str:
    kind = media_type.partition(";")[0]
    return KINDS.get(kind, plain(kind))


def size_words(size: int) -> str:
    """`1.4 MB`."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit + 1 < len(UNITS):
        amount, unit = amount / 1000, unit + 1
    return f"{amount:,.0f} {UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {UNITS[unit]}"


def _delete(person: Actor, file: CardFile, db: Session) -> None:
    tasks.delete_file(db, person, file.card_id, file.id)
