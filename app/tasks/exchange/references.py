"""What rules, recurring cards and templates name by an id: of what kind each field is, and such a thing renamed."""

from collections.abc import Callable
from typing import Any, Literal

Kind = Literal["column", "label", "lane", "person"]
FIELDS: dict[str, Kind] = {
    "column_id": "column",
    "label_id": "label",
    "label_ids": "label",
    "lane_id": "lane",
    "person_id": "person",
    "person_ids": "person",
    "assignee_ids": "person",
}


def renamed(thing: dict[str, Any], name: Callable[[Kind, str], str | None]) -> dict[str, Any]:
    """With another name for each id; one for which there is none is left out."""
    return {field: _renamed(FIELDS[field], given, name) if field in FIELDS else given for field, given in thing.items()}


def _renamed(kind: Kind, given: Any, name: Callable[[Kind, str], str | None]) -> Any:
    if isinstance(given, list):
        return [found for one in given if (found := name(kind, str(one)))]
    return None if given is None else name(kind, str(given))
