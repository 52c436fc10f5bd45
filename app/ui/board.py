"""The board in the browser: what the component is told, and what it asks for.

It talks to the API itself: what people do is drawn at once and sent there, and what others do is asked for there.
Only what opens a dialog comes to this script.
"""

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.sharing.schemas import Level
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardLine, Category, Priority
from app.ui.page import reading

SEEN = "board_seen"
PRIORITIES = {
    Priority.low: "Low",
    Priority.medium: "Medium",
    Priority.high: "High",
    Priority.urgent: "Urgent",
}
CATEGORIES = {
    Category.in_progress: "In progress",
    Category.accomplishment: "Accomplishment",
    Category.highlight: "Highlight",
}
FOLDER = Path(__file__).parent / "board_js"
# One module: each part uses only what stands in those before it, and names nothing that they name.
PARTS = (
    *("dom", "cues", "store", "wire", "cells", "card", "quick", "frame"),
    *("voice", "drag", "keys", "menus", "choice", "tools", "jumps", "commands", "opening", "board"),
)
SCRIPT = "\n".join((FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
HTML = """
<p class="hidden" id="board-keys">
  Space or Enter picks the card up, the arrow keys move it, Space drops it, Escape takes it back. O opens it,
  M opens its menu, question mark shows all keys.
</p>
<p class="filter-error" role="alert" hidden></p>
<div class="notice" role="alert" hidden>
  <p></p><button type="button" hidden></button><button type="button">Dismiss</button>
</div>
<div class="away" role="status" hidden><p></p><button type="button">Try now</button></div>
<div class="top">
  <div class="bar" role="toolbar" aria-label="Chosen cards" hidden></div>
  <p class="hint" role="status" hidden></p>
  <nav class="jumps" aria-label="Columns"></nav>
  <div class="tools" role="toolbar" aria-label="Board tools"></div>
</div>
<p class="loading" role="status">Loading the cards …</p>
<div class="board" role="group" aria-label="Board"></div>
<div class="ghosts"></div>
<div class="hidden live" aria-live="assertive"></div>
"""

_component = st.components.v2.component(
    "autoreport_board", html=HTML, css=(FOLDER / "board.css").read_text(encoding="utf-8"), js=SCRIPT
)


_page = st.components.v2.component(
    "autoreport_board_page", html="<i></i>", js=(FOLDER / "page.js").read_text(encoding="utf-8")
)


def live_page() -> None:
    """In every view: gives the focus back to where a dialog was opened from, and opens here what links to a card."""
    if card_id := asked_card(_page, "board-page", {}):
        st.query_params["card"] = str(card_id)


def current(person: Actor, board_id: UUID) -> Board:
    """Loaded anew only when something changed: on the board, or in what this person may do with it."""
    seen: Board | None = st.session_state.get(SEEN)
    with reading() as db:
        now = tasks.board_revision(db, person, board_id)
        if seen is None or seen.id != board_id or (seen.revision, seen.level) != now:
            seen = st.session_state[SEEN] = tasks.board_frame(db, person, board_id)
    return seen


def named_apart(lines: list[BoardLine]) -> dict[UUID, str]:
    """Boards of the same name are numbered in their order, because a list shows nothing but names."""
    names: dict[UUID, str] = {}
    times: Counter[str] = Counter()
    for line in lines:
        times[line.name] += 1
        names[line.id] = line.name if times[line.name] == 1 else f"{line.name} ({times[line.name]})"
    return names


def may_work(board: Board, person: Actor) -> bool:
    """Move cards, write them and put them away."""
    return board.level is Level.edit and person.role.includes(Role.member)


def draw(board: Board, person: Actor, text: str) -> UUID | None:
    """Shows it, with the cards that the filter `text` finds. The answer is a card that was just asked to be opened."""
    facts = {
        "board": str(board.id),
        "member": person.role.includes(Role.member),
        "filter": text.strip(),
        "revision": board.revision,  # a higher one than the component knows: somebody has just saved something here
    }
    return asked_card(_component, f"board-{board.id}", facts)


def asked_card(component: Any, key: str, facts: dict[str, Any]) -> UUID | None:
    """Draws a component in which cards can be opened. The answer is the one that was just asked for."""

    def keep() -> None:
        st.session_state[f"{key}-open"] = st.session_state[key].open

    component(key=key, data=facts, on_open_change=keep, height="content")
    return card_in(st.session_state.pop(f"{key}-open", None))


def card_in(sent: object) -> UUID | None:
    """It comes from a browser, so it may be anything."""
    try:
        return UUID(sent["card"]) if isinstance(sent, dict) else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
