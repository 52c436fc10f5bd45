"""Documents on the page: sent, found, read, renamed and deleted."""

from typing import Any, cast
from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.core.intake import Upload
from app.core.settings import settings
from app.documents import service as documents
from app.documents.schemas import Document, DocumentChange, DocumentPage, Hit, Piece
from app.sharing.schemas import Level
from app.ui.page import DONE, FAILED, action, confirm, empty_state, plain, reading, submit_or_cancel, when
from app.ui.share_dialog import choose_audience

CHOSEN, OPENED = "document", "documents_opened"
TURN, REFUSED = "documents_turn", "documents_refused"
ICONS = {"pdf": "picture_as_pdf", "docx": "article", "pptx": "slideshow"}
PARTS = {"pdf": "Page", "docx": "Section", "pptx": "Slide"}
STATES = {
    "reading": ("blue", "progress_activity", "Reading its text"),
    "ready": ("green", "check_circle", "Can be searched"),
    "empty": ("orange", "image_search", "No text in it"),
    "failed": ("red", "error", "Not readable"),
}
HITS, PAGES = 20, 20


def send_form(person: Actor) -> None:
    limit = f"PDF, Word (.docx) or PowerPoint (.pptx), at most {settings().max_upload_mb} MB each."
    turn = st.session_state.setdefault(TURN, 0)
    key = f"document_files_{turn}"
    files = st.file_uploader("Files", type=list(ICONS), accept_multiple_files=True, key=key, help=limit)
    share_with = choose_audience(person, key="document_audience")
    if st.button("Add", type="primary", disabled=not files, icon=":material/add:"):
        said = [_send(person, file, share_with) for file in cast("list[Any]", files)]
        st.session_state[TURN] = turn + 1  # an empty picker for the next files
        st.session_state[DONE] = " ".join(filter(None, said))
        st.rerun()
    if files:
        st.session_state.pop(REFUSED, None)
    for text in st.session_state.get(REFUSED, []):
        st.error(text, icon=":material/error:")


def _send(person: Actor, file: Any, share_with: list[Any]) -> str:
    """What became of it; what was refused is said until other files are chosen."""
    with st.spinner(f"Looking at {plain(file.name)}"):
        checked = _checked(person, file)
    sent: list[Document] = []
    if checked is not None:
        with action() as db:
            sent.append(documents.receive_document(db, person, *checked, share_with=share_with))
        if not sent:  # the next one that goes well would make forget it
            st.session_state.setdefault(REFUSED, []).append(f"{plain(file.name)}: {st.session_state.pop(FAILED, '')}")
    known = [f"You have this file already: {plain(one.name)}." for one in sent if one.duplicate]
    return " ".join(known or [f"{plain(one.name)} is added." for one in sent])


def _checked(person: Actor, file: Any) -> tuple[Upload, str] | None:
    """Before any transaction: it may take seconds."""
    try:
        stored = documents.store_document(person, file.name, [file.getvalue()])
        return stored, documents.check_document(stored)
    except AppError as error:
        st.session_state.setdefault(REFUSED, []).append(plain(error.message))
        return None


def document_list(person: Actor) -> None:
    """Looks again by itself as long as something is being read."""
    with reading() as db:
        found = documents.documents(db, person)
    if not found:
        may_add = person.role.includes(Role.member)
        hint = "Add reports, minutes or slides to find what is said in them." if may_add else "A member adds them."
        empty_state("article", "No documents yet", hint)
        return

    def draw() -> None:
        with reading() as db:
            now = documents.documents(db, person)
        if busy and all(one.state != "reading" for one in now):
            st.rerun()
        for one in now:
            _line(one)

    busy = any(one.state == "reading" for one in found)
    st.fragment(draw, run_every="1s" if busy else None)()


def _line(one: Document) -> None:
    with st.container(border=True, gap="xxsmall"):
        if st.button(plain(one.name), key=f"open_{one.id}", type="tertiary", icon=f":material/{ICONS[one.form]}:"):
            open_document(one.id)
        with st.container(horizontal=True, vertical_alignment="center"):
            _badge(one)
            st.caption(f"{_amount(one)} · added {when(one.created_at)}", width="content")


def _badge(one: Document) -> None:
    color, icon, label = STATES[one.state]
    st.badge(label, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]


def _amount(one: Document) -> str:
    part = PARTS[one.form].lower()
    parts = f"1 {part}" if one.pages == 1 else f"{one.pages:,} {part}s"
    return f"{one.form.upper()}, {parts}" if one.pages else one.form.upper()


def times_opened() -> int:
    """Part of the keys of fields that begin anew whenever a page is opened."""
    return int(st.session_state.get(OPENED, 0))


def open_document(document_id: UUID, page: int | None = None) -> None:
    st.session_state[OPENED] = times_opened() + 1
    st.query_params.from_dict({CHOSEN: str(document_id), **({"page": str(page)} if page else {})})
    st.rerun()


def found_list(person: Actor, question: str, document_id: UUID | None = None) -> None:
    found: list[list[Hit]] = []
    with action() as db:
        found.append(documents.search(db, person, question, document_id=document_id, limit=HITS).items)
    if not found:
        return
    if not found[0]:
        empty_state("search_off", "Nothing found", "All words must stand on one page. Try fewer, or only beginnings.")
    for place, hit in enumerate(found[0]):
        _hit(hit, place)
    if len(found[0]) == HITS:
        st.caption(f"The best {HITS} pages. Add a word to find fewer.")


def _hit(hit: Hit, place: int) -> None:
    where = f"{PARTS[hit.form]} {hit.page}" + (f", {plain(hit.title)}" if hit.title else "")
    with st.container(border=True, gap="xxsmall"):
        if st.button(plain(hit.document), key=f"hit_{place}", type="tertiary", icon=f":material/{ICONS[hit.form]}:"):
            open_document(hit.document_id, hit.page)
        st.caption(where)
        st.markdown("".join(_piece(one) for one in hit.snippet))


def _piece(piece: Piece) -> str:
    """What stands beside a mark must not touch it, or Markdown would not see it."""
    text = plain(piece.text)
    return f":primary-background[{text}]" if piece.found and text.strip() else text


def facts(one: Document) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _badge(one)
        st.caption(f"{_amount(one)} · {one.characters:,} characters · added {when(one.created_at)}", width="content")
    if one.note:
        st.warning(plain(one.note), icon=":material/info:")


def decisions(person: Actor, one: Document) -> None:
    with st.container(horizontal=True):
        st.link_button("Download", f"/api/v1/documents/{one.id}/file", icon=":material/download:")
        if not person.role.includes(Role.member) or one.level is not Level.edit:
            return
        if st.button("Rename", icon=":material/edit:"):
            _rename(person, one)
        if (one.owner_id == person.id or person.role is Role.admin) and st.button("Delete", icon=":material/delete:"):
            detail = f"{plain(one.file_name)} and its text are deleted. This cannot be undone."
            confirm(f"Delete {plain(one.name)}?", verb="Delete", act=lambda: _delete(person, one), detail=detail)


def _rename(person: Actor, one: Document) -> None:
    @st.dialog("Rename this document")
    def ask() -> None:
        with st.form("rename", border=False):
            name = st.text_input("Name", one.name, max_chars=200)
            meant, cancelled = submit_or_cancel("Rename")
        if cancelled:
            st.rerun()
        if meant and not name.strip():
            st.error("A document needs a name.", icon=":material/error:")
        elif meant:
            with action("Renamed.") as db:
                documents.change_document(db, person, one.id, DocumentChange(name=name.strip()))
                st.rerun()

    ask()


def _delete(person: Actor, one: Document) -> None:
    with action(f"{plain(one.name)} is deleted.") as db:
        documents.delete_document(db, person, one.id)
        st.query_params.clear()
        st.rerun()


def text_of(person: Actor, one: Document, page: int) -> None:
    """Page by page, beginning where somebody came from a search to."""
    if one.state != "ready":
        return
    start = min(max(page, 1), one.pages)
    if one.pages > 1:
        key = f"page_{one.id}_{times_opened()}"
        start = int(st.number_input(PARTS[one.form], 1, one.pages, start, key=key, width=160))
    with reading() as db:
        shown = documents.page_texts(db, person, one.id, start)
    for part in shown:
        _page(one, part)


def _page(one: Document, part: DocumentPage) -> None:
    title = f"{PARTS[one.form]} {part.page} of {one.pages}"
    st.markdown(f"**{title}**" + (f" · {plain(part.title)}" if part.title else ""))
    if part.text:
        st.code(part.text, language=None, wrap_lines=True)
    else:
        st.caption("No text here.")
