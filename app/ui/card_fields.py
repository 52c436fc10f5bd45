"""The fields of a card as a form has them, and what they hold as the services take it."""

from collections import Counter
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st

from app.tasks.schemas import Board, Card, CardChange, CardCreate, Category, Priority
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.card_parts import checked

HEIGHT = 320
K = TypeVar("K")


def card_fields(card: Card | None, board: Board, names: dict[UUID, str]) -> dict[str, Any]:
    """As `new_card` and `card_change` take them. `names` are the people a card can be given to."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        title = st.text_input("Title", card.title if card else "", max_chars=200)
        text = st.text_area(
            "Description",
            card.description if card else "",
            height=HEIGHT,
            max_chars=20_000,
            help="Markdown works here.",
        )
    with right:
        where = _places(card, board)
        start_on = _clearable_date("Start", card, card.start_on if card else None)
        due_on = _clearable_date("Due", card, card.due_on if card else None)
        what = {
            "assignee_ids": _people(card, names),
            "label_ids": _labels(card, board),
            "priority": select("Priority", PRIORITIES, card.priority if card else Priority.medium),
            "category": select("Category", CATEGORIES, card.category if card else Category.in_progress),
            "estimate": st.number_input(
                "Estimate", 0.0, 999_999.99, card.estimate if card else None, step=0.5, placeholder="None"
            ),
        }
    return {"title": title, "description": text, "start_on": start_on, "due_on": due_on, **where, **what}


def new_card(fields: dict[str, Any]) -> CardCreate:
    return checked(CardCreate, **fields)


def card_change(fields: dict[str, Any], version: int) -> CardChange:
    """Its column is none of its fields: to another one it moves."""
    return checked(
        CardChange, version=version, **{name: value for name, value in fields.items() if name != "column_id"}
    )


def _places(card: Card | None, board: Board) -> dict[str, Any]:
    columns = {column.id: column.name for column in board.columns}
    lanes: dict[UUID | None, str] = {None: "No lane", **{lane.id: lane.name for lane in board.lanes}}
    places = {"column_id": select("Column", columns, card.column_id if card else None)}
    return places | (
        {"lane_id": select("Lane", distinct(lanes), card.lane_id if card else None)} if board.lanes else {}
    )


def _people(card: Card | None, names: dict[UUID, str]) -> list[UUID]:
    """Also from those who have the card and have left."""
    chosen = {one.id: one.name for one in card.assignees} if card else {}
    people = distinct({**chosen, **names})
    return st.multiselect("Assigned to", list(people), list(chosen), format_func=people.__getitem__)


def _labels(card: Card | None, board: Board) -> list[UUID]:
    labels = {label.id: label.name for label in board.labels}
    if not labels:
        return []
    chosen = [id_ for id_ in labels if card and id_ in card.label_ids]
    return st.multiselect("Labels", list(labels), chosen, format_func=labels.__getitem__)


def distinct(names: dict[K, str]) -> dict[K, str]:
    """Streamlit tells choices apart by their words, so it would take two people of one name for the same."""
    seen: Counter[str] = Counter()
    shown = {}
    for id_, name in names.items():
        seen[name] += 1
        shown[id_] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return shown


def select(label: str, options: dict[Any, str], chosen: Any) -> Any:
    at = list(options).index(chosen) if chosen in options else 0
    return st.selectbox(label, list(options), at, format_func=options.__getitem__)


def _clearable_date(label: str, card: Card | None, value: date | None) -> date | None:
    """Streamlit lets a date be cleared only when it starts empty, so the value comes through the session."""
    key = f"{label}-{card.id}-{card.version}" if card else f"{label}-new"
    if card:
        st.session_state.setdefault(key, value)
    return st.date_input(label, None, format="YYYY-MM-DD", key=key)
