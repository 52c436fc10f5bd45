"""The template that somebody is editing in this tab: plain dicts in the session until it is saved."""

import contextlib
import copy
import json
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.templates.schemas import TEAM_SECTIONS, Template, TemplateChange, TemplateContent

Block = dict[str, Any]
NEW_QUERY: dict[str, Any] = {"measures": [{"function": "count", "as": "Rows"}]}


class Draft:
    def __init__(self, saved: Template) -> None:
        self.id: UUID = saved.id
        self.version = saved.version
        self.name, self.description = saved.name, saved.description
        plain = saved.content.model_dump(mode="json")
        self.blocks: list[Block] = plain["blocks"]
        self.parameters: list[dict[str, Any]] = plain["parameters"]
        self.theme: dict[str, Any] = plain["theme"]
        self._saved = self._snapshot()
        self.outdated = False  # the page shows something of before the last edit and must be drawn again
        # Widgets remember what was typed by their key: a new edition must not show what an old one held.
        self.edition = f"{saved.id}_{saved.version}"

    @property
    def is_changed(self) -> bool:
        return self._snapshot() != self._saved

    def change(self) -> TemplateChange:
        """Raises ValidationError."""
        return TemplateChange.model_validate(
            {
                "version": self.version,
                "name": self.name,
                "description": self.description,
                "blocks": self.blocks,
                "parameters": self.parameters,
                "theme": self.theme,
            }
        )

    def add(self, kind: str, sources: dict[str, list[tuple[str, str]]], boards: dict[str, str]) -> None:
        taken = {block["id"] for block in self.blocks}
        number = next(n for n in range(1, len(taken) + 2) if f"{kind}_{n}" not in taken)
        self.blocks.append({"kind": kind, "id": f"{kind}_{number}", **_start(kind, sources, boards)})

    def move(self, block_id: str, by: int) -> None:
        place = self._place(block_id)
        target = min(max(place + by, 0), len(self.blocks) - 1)
        self.blocks.insert(target, self.blocks.pop(place))

    def remove(self, block_id: str) -> None:
        del self.blocks[self._place(block_id)]

    def remove_parameter(self, place: int) -> None:
        del self.parameters[place]

    def _place(self, block_id: str) -> int:
        return next(place for place, block in enumerate(self.blocks) if block["id"] == block_id)

    def _snapshot(self) -> str:
        """With defaults filled in, so that a field which was only looked at does not count as changed."""
        parts: dict[str, Any] = {"blocks": self.blocks, "parameters": self.parameters, "theme": self.theme}
        with contextlib.suppress(ValidationError):
            parts = TemplateContent.model_validate(parts).model_dump(mode="json")
        return json.dumps([self.name, self.description, parts], sort_keys=True, default=str)


def open_draft(saved: Template) -> Draft:
    """The one of this tab; somebody else's newer version replaces it only while nothing is typed here."""
    key = f"draft_{saved.id}"
    draft: Draft | None = st.session_state.get(key)
    if draft is None or (draft.version != saved.version and not draft.is_changed):
        draft = st.session_state[key] = Draft(saved)
    return draft


def close_draft(template_id: UUID) -> None:
    st.session_state.pop(f"draft_{template_id}", None)


def sentence(error: ValidationError) -> str:
    """The first thing that is wrong, with its place, for the person who typed it."""
    first = error.errors()[0]
    place = " › ".join(str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def _start(kind: str, sources: dict[str, list[tuple[str, str]]], boards: dict[str, str]) -> Block:
    dataset = next(iter(sources), "")
    columns = sources.get(dataset, [])
    query = {"dataset": dataset, **copy.deepcopy(NEW_QUERY)}
    if kind == "heading":
        return {"text": "New heading", "level": 1}
    if kind == "text":
        return {"markdown": ""}
    if kind == "kpi":
        return {"title": "Rows", "query": query}
    if kind == "table":
        return {"title": "", "query": {"dataset": dataset, "limit": 50}}
    if kind == "chart":
        x = columns[0][0] if columns else ""
        return {
            "title": "",
            "query": {**query, "group_by": [{"column": x}]},
            "chart": {"kind": "bar", "x": x, "y": "Rows"},
        }
    if kind == "board_summary":
        return {
            "title": "",
            "board_id": next(iter(boards), ""),
            "period": "last_full_week",
            "sections": [*TEAM_SECTIONS],
        }
    return {}
