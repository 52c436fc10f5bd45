"""The board in the browser: a component of plain JavaScript, what it is shown, and what it may ask for.

The component sends one command at a time, numbered; the next picture it gets carries the number of the last
command that was handled and, when that was refused, why. Only then does it let go of what it showed in advance.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
import streamlit as st
from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.core.errors import AppError, Invalid
from app.sharing.schemas import Level
from app.tasks import service as tasks
from app.tasks.schemas import Board, Card, CardCreate, CardMove, Category, Column, Priority
from app.ui.page import DATABASE_AWAY, reading

SOON_DAYS = 3
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
ROOT = Path(__file__).parent
HTML = """
<p class="hidden" id="board-keys">
  Space or Enter picks the card up, the arrow keys move it, Space drops it, Escape takes it back. M opens its menu.
</p>
<div class="notice" role="alert" hidden><p></p><button type="button">Dismiss</button></div>
<div class="board" role="group" aria-label="Board"></div>
<div class="ghosts"></div>
<div class="hidden live" aria-live="assertive"></div>
"""

_component = st.components.v2.component(
    "autoreport_board",
    html=HTML,
    css=(ROOT / "board.css").read_text(encoding="utf-8"),
    js=(ROOT / "board.js").read_text(encoding="utf-8"),
)


class Command(BaseModel):
    """What somebody did on the board. It comes from a browser, so it is checked like any request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    kind: Literal["move", "add", "open", "archive"]
    id: UUID | None = None
    column: UUID | None = None
    after: UUID | None = None
    before: UUID | None = None
    version: int = 0
    title: str = ""


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: int = 0
    message: str = ""
    opens: UUID | None = None


def use_full_width() -> None:
    """Columns need the room that other pages leave at the sides."""
    st.html("<style>.stMainBlockContainer { padding-inline: clamp(1rem, 2.5vw, 2.5rem); }</style>")


def current(person: Actor, board_id: UUID) -> Board:
    """Loaded anew only when something changed: on the board, or in what this person may do with it."""
    seen: Board | None = st.session_state.get(SEEN)
    with reading() as db:
        now = tasks.board_revision(db, person, board_id)
        if seen is None or seen.id != board_id or (seen.revision, seen.level) != now:
            seen = st.session_state[SEEN] = tasks.board(db, person, board_id)
    return seen


def may_work(board: Board, person: Actor) -> bool:
    """Move cards, write them and put them away."""
    return board.level is Level.edit and person.role.includes(Role.member)


def draw(board: Board, picture: dict[str, Any]) -> None:
    """Shows it; what somebody does on it is there at the next run, from `waiting_command`."""
    key = _key(board.id)

    def keep() -> None:
        st.session_state[f"{key}-command"] = st.session_state[key].command

    _component(key=key, data=picture, on_command_change=keep, height="content")


def waiting_command(board_id: UUID) -> Command | None:
    """Once each. What our own component would not send is dropped."""
    sent = st.session_state.pop(f"{_key(board_id)}-command", None)
    if not sent:
        return None
    try:
        return Command.model_validate(sent)
    except ValidationError:
        return None


def obey(person: Actor, board_id: UUID, command: Command) -> Answer:
    """In a transaction of its own. A refusal is an answer, not an error: the board takes the change back."""
    try:
        with transaction() as db:
            if command.kind == "move":
                tasks.move_card(db, person, _card_of(command), CardMove.model_validate(_place(command)))
            elif command.kind == "add":
                tasks.create_card(db, person, board_id, CardCreate(title=command.title, column_id=command.column))
            elif command.kind == "archive":
                tasks.archive_card(db, person, _card_of(command))
    except AppError as error:
        return Answer(number=command.number, message=error.message)
    except ValidationError as error:
        return Answer(number=command.number, message=f"Title: {error.errors()[0]['msg']}.")
    except (sa.exc.OperationalError, sa.exc.TimeoutError):
        return Answer(number=command.number, message=DATABASE_AWAY)
    return Answer(number=command.number, opens=command.id if command.kind == "open" else None)


def _card_of(command: Command) -> UUID:
    if command.id is None:
        raise Invalid("id: which card is missing.")
    return command.id


def _place(command: Command) -> dict[str, Any]:
    return command.model_dump(include={"column", "after", "before", "version"})


def picture_of(board: Board, person: Actor, answer: Answer, *, text: str, today: date) -> dict[str, Any]:
    """What the component draws. Its stamp changes exactly when there is something new to draw."""
    return {
        "stamp": f"{board.id}:{board.revision}:{answer.number}:{text}:{today}:{person.role}:{board.level}",
        "ack": answer.number,
        "refused": {"number": answer.number, "message": answer.message} if answer.message else None,
        "writable": may_work(board, person),
        "filtered": bool(text.strip()),
        "columns": [_column(column, text, today) for column in board.columns],
    }


def _column(column: Column, text: str, today: date) -> dict[str, Any]:
    return {
        "id": str(column.id),
        "name": column.name,
        "done": column.is_done,
        "limit": column.wip_limit,
        "total": len(column.cards),
        "cards": [_card(card, today) for card in column.cards if holds(card, text)],
    }


def _card(card: Card, today: date) -> dict[str, Any]:
    category = {"state": card.category.value, "text": CATEGORIES[card.category]}
    return {
        "id": str(card.id),
        "version": card.version,
        "title": card.title,
        "priority": {"state": card.priority.value, "text": PRIORITIES[card.priority]},
        "due": due_cue(card.due_on, today, completed=card.completed_at is not None),
        "category": None if card.category is Category.in_progress else category,
        "described": bool(card.description.strip()),
        "assignee": card.assignee,
        "initials": "".join(word[0] for word in (card.assignee or "").split()[:2]).upper(),
    }


def holds(card: Card, text: str) -> bool:
    """Every word, anywhere in what can be read on the card."""
    readable = " ".join(
        [card.title, card.description, card.assignee or "", PRIORITIES[card.priority], CATEGORIES[card.category]]
    ).casefold()
    return all(word in readable for word in text.casefold().split())


def due_cue(due: date | None, today: date, *, completed: bool) -> dict[str, str] | None:
    """Colour and words: late, today, soon, later; of a completed card only the date."""
    if due is None:
        return None
    days = (due - today).days
    year = f" {due.year}" if due.year != today.year else ""
    day = f"{due.day} {due:%b}{year}"
    title = f"Due on {due:%A}, {due.day} {due:%B %Y}"
    if completed:
        return {"state": "done", "text": day, "title": title}
    if days < 0:
        return {"state": "overdue", "text": f"{-days} day{'s' if days < -1 else ''} late", "title": title}
    if days == 0:
        return {"state": "today", "text": "Due today", "title": title}
    if days <= SOON_DAYS:
        return {"state": "soon", "text": "Due tomorrow" if days == 1 else f"Due in {days} days", "title": title}
    return {"state": "later", "text": f"Due {day}", "title": title}


def _key(board_id: UUID) -> str:
    return f"board-{board_id}"
