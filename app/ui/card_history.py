"""What happened to a card, in words. Feeds and dialogs say it the same way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.tasks.schemas import CardEvent, EventKind
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.page import plain, when

FIELDS = {
    "title": "title",
    "description": "description",
    "priority": "priority",
    "category": "category",
    "start_on": "start date",
    "due_on": "due date",
    "assignee_id": "assignee",
    "assignee_ids": "assignees",
    "assignees": "assignees",
    "label_ids": "labels",
    "labels": "labels",
    "lane_id": "lane",
    "lane": "lane",
    "estimate": "estimate",
    "completed_at": "completion",
}
# Of what hangs on a card: how it is said when it comes, goes or becomes something else.
DETAILS = {
    "checklist": ("added “{new}” to the checklist", "took “{old}” off the checklist", "renamed “{old}” to “{new}”"),
    "ticked": ("ticked “{new}”", "unticked “{old}”", ""),
    "comment": ("wrote a comment", "deleted a comment", "edited a comment"),
    "note": ("wrote a note for {new}", "deleted the note of {old}", "edited the note of {new}"),
    "file": ("attached {new}", "deleted the file {old}", ""),
    "blocked_by": ("made it wait for {new}", "no longer lets it wait for {old}", ""),
}
DETAIL_ICONS = {
    "checklist": "checklist",
    "ticked": "check_box",
    "comment": "comment",
    "note": "edit_note",
    "file": "attach_file",
    "blocked_by": "block",
}
SAID = {
    EventKind.created: "made the card in {to}",
    EventKind.moved: "moved it from {origin} to {to}",
    EventKind.archived: "archived it from {origin}",
    EventKind.revived: "brought it back to {to}",
    EventKind.deleted: "deleted it",
}
EVENT_ICONS = {
    EventKind.created: "add_circle",
    EventKind.moved: "arrow_forward",
    EventKind.changed: "edit",
    EventKind.archived: "archive",
    EventKind.revived: "unarchive",
    EventKind.deleted: "delete",
}


def told(event: CardEvent, names: dict[UUID, str]) -> str:
    """`Ann moved it from “To do” to “Done”` with its time, as Markdown. `names` are of people, by id."""
    columns = {"origin": f"“{plain(event.from_column or '')}”", "to": f"“{plain(event.to_column or '')}”"}
    said = SAID[event.kind].format(**columns) if event.kind in SAID else ""
    changed = _changes(event, names)
    said = ", and ".join(part for part in (said, changed) if part) or "changed it"
    came = ", imported" if event.imported else ""
    icon = next((DETAIL_ICONS[field] for field in event.changes if field in DETAIL_ICONS), EVENT_ICONS[event.kind])
    return f":material/{icon}: **{plain(event.person)}** {said}  \n:gray[{plain(when(event.at))}{came}]"


def _changes(event: CardEvent, names: dict[UUID, str]) -> str:
    parts, fields = [], []
    for field, change in event.changes.items():
        old, new = change
        if field in DETAILS:
            came, went, became = DETAILS[field]
            form = became if old is not None and new is not None else went if new is None else came
            parts.append(form.format(old=plain(str(old)), new=plain(str(new))))
        elif field == "description":
            fields.append("the description")
        else:
            shown = [plain(_value(field, value, names)) for value in (old, new)]
            fields.append(f"the {FIELDS.get(field, field)} from {shown[0]} to {shown[1]}")
    return ", ".join([*parts, *(["changed " + ", ".join(fields)] if fields else [])])


def _value(field: str, value: Any, names: dict[UUID, str]) -> str:
    if value in (None, "", []):
        return "nobody" if field.startswith("assignee") else "none"
    if isinstance(value, list):
        return ", ".join(_value(field, one, names) for one in value)
    if isinstance(value, dict):
        return str(value.get("name", ""))
    if field == "completed_at":
        return when(datetime.fromisoformat(value))
    if field.startswith("assignee"):
        return _person(str(value), names)
    words = {str(key): word for key, word in [*PRIORITIES.items(), *CATEGORIES.items()]}
    return words.get(str(value), str(value))


def _person(value: str, names: dict[UUID, str]) -> str:
    """By id, or by name as it was."""
    try:
        return names.get(UUID(value), "somebody who has left")
    except ValueError:
        return value
