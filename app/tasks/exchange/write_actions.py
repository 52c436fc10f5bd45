"""The log of a board as the actions of a Trello export, each with the card as it was afterwards."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from app.tasks.details.tables import CommentRow
from app.tasks.exchange.ids import written_here
from app.tasks.exchange.own_fields import NAME
from app.tasks.exchange.trello_names import People, iso, object_id
from app.tasks.tables import ColumnChangeRow, TransitionRow

OLD = {"title": "name", "description": "desc", "due_on": "due", "start_on": "start"}
KINDS = {"created": "createCard", "deleted": "deleteCard"}
ColumnKey = Callable[[UUID | None], str | None]


def action_of(
    row: TransitionRow, card: str, column: ColumnKey, lanes: dict[UUID, str], people: People
) -> dict[str, Any]:
    number, target, origin = row.number or 0, column(row.to_column_id), column(row.from_column_id)
    shown: dict[str, Any] = {"id": card, "name": row.title, "idShort": number}
    data: dict[str, Any] = {"card": shown, **_what(row, shown, origin, target)}
    person = people.key(row.person_id, row.person)
    data[NAME] = {
        "kind": row.kind,
        "at": iso(row.at),
        "person": person,
        "title": row.title,
        "priority": row.priority,
        "category": row.category,
        "column": target,
        "from_column": origin,
        "lane": lanes.get(row.to_lane_id) if row.to_lane_id else None,
        "from_lane": lanes.get(row.from_lane_id) if row.from_lane_id else None,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "completed_at": iso(row.completed_at),
        "estimate": row.estimate,
        "labels": row.labels,
        "members": [people.key(one["id"], one["name"]) for one in row.assignees],
        "changes": row.changes,
    }
    kind = KINDS.get(row.kind, "updateCard")
    return _action(kind, f"{int(row.at.timestamp()):08x}{row.id:016x}", row.at, person, data)


def _what(row: TransitionRow, shown: dict[str, Any], origin: str | None, target: str | None) -> dict[str, Any]:
    """What Trello itself would say of it."""
    if row.kind == "moved":
        before = {"id": origin, "name": row.from_column}
        return {"listBefore": before, "listAfter": {"id": target, "name": row.to_column}, "old": {"idList": origin}}
    if row.kind in ("archived", "revived"):
        shown["closed"] = row.kind == "archived"
        return {"old": {"closed": row.kind != "archived"}}
    if row.kind == "changed":
        pairs = {name: row.changes[field] for field, name in OLD.items() if field in row.changes}
        shown.update({name: pair[1] for name, pair in pairs.items()})
        return {"old": {name: pair[0] for name, pair in pairs.items()}}
    return {"list": {"id": target, "name": row.to_column}} if row.kind == "created" else {}


def comment_of(row: CommentRow, card: str, title: str, people: People) -> dict[str, Any]:
    data = {"text": row.text, "card": {"id": card, "name": title}, NAME: {"edited_at": iso(row.edited_at)}}
    person = people.key(row.author_id, written_here(row.author))
    return _action("commentCard", object_id(row.id, row.created_at), row.created_at, person, data)


def list_actions(rows: Iterable[ColumnChangeRow], column: ColumnKey) -> Iterator[dict[str, Any]]:
    """When columns were made, renamed and removed. `rows` come column by column, the oldest first."""
    for column_id, changes in groupby(rows, key=lambda row: row.column_id):
        before: ColumnChangeRow | None = None
        for row in changes:
            one: dict[str, Any] = {"id": column(column_id), "name": row.name}
            kind = "updateList"
            data: dict[str, Any] = {"list": one}
            if before is None:
                kind = "createList"
            elif row.removed:
                data = {"list": {**one, "closed": True}, "old": {"closed": False}}
            elif row.name != before.name:
                data = {"list": one, "old": {"name": before.name}}
            if before is None or len(data) > 1:
                yield _action(kind, f"{int(row.at.timestamp()):08x}f{row.id:015x}", row.at, None, data)
            before = row


def _action(kind: str, id_: str, at: datetime, person: str | None, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, "type": kind, "date": iso(at), "idMemberCreator": person, "data": data}
