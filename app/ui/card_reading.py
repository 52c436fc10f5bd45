"""A card as it is read: what it is in badges, then its description."""

from typing import Any

import streamlit as st

from app.tasks.schemas import Board, Card
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.markdown import show_markdown
from app.ui.page import plain

PRIORITY_COLORS = {"low": "gray", "medium": "blue", "high": "orange", "urgent": "red"}
# Streamlit has no teal and no pink; the word is what tells labels apart.
LABEL_COLORS = {"teal": "green", "pink": "violet"}


def read_section(card: Card, board: Board) -> None:
    with st.container(horizontal=True, gap="small"):
        for text, icon, color in _facts(card, board):
            st.badge(plain(text), icon=f":material/{icon}:", color=color)
    if card.description.strip():
        show_markdown(card.description)
    else:
        st.caption("No description yet.")


def _facts(card: Card, board: Board) -> list[tuple[str, str, Any]]:
    columns = {column.id: column.name for column in board.columns}
    lanes = {lane.id: lane.name for lane in board.lanes}
    dates = {"Start": card.start_on, "Due": card.due_on}
    facts: list[tuple[str, str, Any]] = [
        (columns[card.column_id] if card.column_id else "Archived", "view_column", "gray")
    ]
    if card.lane_id:
        facts.append((lanes[card.lane_id], "table_rows", "gray"))
    facts.append((f"{PRIORITIES[card.priority]} priority", "flag", PRIORITY_COLORS[card.priority]))
    facts.append((CATEGORIES[card.category], "category", "gray"))
    facts += [(f"{name} {day.day} {day:%b %Y}", "event", "gray") for name, day in dates.items() if day]
    if card.estimate is not None:
        facts.append((f"Estimate {card.estimate:g}", "timer", "gray"))
    facts += [(one.name, "person", "blue") for one in card.assignees]
    found = [label for label in board.labels if label.id in card.label_ids]
    return facts + [(label.name, "label", LABEL_COLORS.get(label.color, label.color)) for label in found]
