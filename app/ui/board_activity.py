"""What happened on a board: who did what, the newest first, by day."""

from itertools import groupby
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.schemas import Board, EventKind
from app.tasks.table.schemas import BoardEvent
from app.ui.card_history import told
from app.ui.page import empty_state, plain, reading, zone

STEP = 50
LONGEST = 90
KINDS = {
    None: "Everything",
    EventKind.created: "New cards",
    EventKind.moved: "Moves",
    EventKind.changed: "Changes",
    EventKind.archived: "Archived",
    EventKind.revived: "Brought back",
    EventKind.deleted: "Deleted",
}


def board_activity(person: Actor, board: Board, _text: str) -> None:
    with reading() as db:
        people = tasks.active_people(db, person, board.id)
        names = accounts.person_names(db, person)
    who, kind = _choices(board, people)
    cursors: list[str | None] = st.session_state.setdefault(f"activity-{board.id}-{who}-{kind}", [None])
    with reading() as db:
        page = tasks.activity(db, person, board.id, person_id=who, kind=kind, limit=STEP, cursor=cursors[-1])
    if not page.items:
        empty_state("history", "Nothing yet", "What people do on this board is told here.")
    for day, events in groupby(page.items, key=lambda event: event.at.astimezone(zone()).date()):
        st.markdown(f"##### {day:%A}, {day.day} {day:%B %Y}")
        st.markdown("\n\n".join(_line(board, event, names) for event in events))
    with st.container(horizontal=True):
        if len(cursors) > 1 and st.button("Newer", icon=":material/arrow_back:"):
            cursors.pop()
            st.rerun()
        if page.next_cursor and st.button("Older", icon=":material/arrow_forward:"):
            cursors.append(page.next_cursor)
            st.rerun()


def _choices(board: Board, people: dict[UUID, str]) -> tuple[UUID | None, EventKind | None]:
    everybody: dict[UUID | None, str] = {None: "Everybody", **dict(people.items())}
    with st.container(horizontal=True, gap="small"):
        who = st.selectbox(
            "Who", list(everybody), format_func=everybody.__getitem__, key=f"activity_who-{board.id}", width=164
        )
        kind = st.selectbox(
            "What", list(KINDS), format_func=KINDS.__getitem__, key=f"activity_what-{board.id}", width=152
        )
    return who, kind


def _line(board: Board, event: BoardEvent, names: dict[UUID, str]) -> str:
    """The words of the card's own history, with the card before them."""
    title = event.title if len(event.title) <= LONGEST else f"{event.title[:LONGEST]}…"
    name = f"#{event.number} {title}" if event.number else title
    link = (
        plain(name)
        if event.kind is EventKind.deleted
        else f"[{plain(name)}](/board?board={board.id}&card={event.card_id})"
    )
    return f"{link}  \n{told(event, names)}"
