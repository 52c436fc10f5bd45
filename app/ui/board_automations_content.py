"""The fields of a card that is still to be made: its days count from the day on which it is made."""

from typing import Any
from uuid import UUID

import streamlit as st

from app.tasks.automations.schemas import CardContent
from app.tasks.schemas import Category, Priority
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.board_automations import Scene
from app.ui.card_fields import select
from app.ui.card_parts import checked


def content_fields(scene: Scene, given: CardContent | None) -> dict[str, Any]:
    """As `CardContent` takes them; `checked_content` checks them."""
    title = st.text_input("Title of the card", given.title if given else "", max_chars=200)
    text = st.text_area(
        "Description", given.description if given else "", max_chars=20_000, help="Markdown works here."
    )
    with st.container(horizontal=True):
        facts: dict[str, Any] = {
            "start_in_days": _days("Starts after days", given.start_in_days if given else None),
            "due_in_days": _days("Due after days", given.due_in_days if given else None),
            "estimate": st.number_input(
                "Estimate", 0.0, 999_999.99, given.estimate if given else None, step=0.5, placeholder="None"
            ),
        }
    with st.container(horizontal=True):
        facts["priority"] = select("Priority", PRIORITIES, given.priority if given else Priority.medium)
        facts["category"] = select("Category", CATEGORIES, given.category if given else Category.in_progress)
    facts["assignee_ids"] = _some("Assigned to", scene.names.people, given.assignee_ids if given else [])
    facts["label_ids"] = _some("Labels", scene.names.labels, given.label_ids if given else [])
    items = st.text_area("Checklist, one item a line", "\n".join(given.checklist) if given else "")
    facts["checklist"] = [line.strip() for line in items.splitlines() if line.strip()]
    return {"title": title, "description": text, **facts}


def checked_content(facts: dict[str, Any]) -> CardContent:
    """Raises Invalid that names the field."""
    return checked(CardContent, **facts)


def place_fields(scene: Scene, column_id: UUID | None, lane_id: UUID | None) -> dict[str, UUID | None]:
    columns = dict(scene.names.columns)
    lanes: dict[UUID | None, str] = {None: "No lane", **{lane.id: lane.name for lane in scene.board.lanes}}
    with st.container(horizontal=True):
        column = select("Column", columns, column_id)
        lane = select("Lane", lanes, lane_id) if scene.board.lanes else None
    return {"column_id": column, "lane_id": lane}


def _days(label: str, given: int | None) -> int | None:
    return st.number_input(label, 0, 3_650, given, placeholder="None", help="0 is the day on which it is made")


def _some(label: str, options: dict[UUID, str], chosen: list[UUID]) -> list[UUID]:
    """Who or what is gone is left out."""
    if not options:
        return []
    known = [one for one in chosen if one in options]
    return st.multiselect(label, list(options), known, format_func=options.__getitem__)
