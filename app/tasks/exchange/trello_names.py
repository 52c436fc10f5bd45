"""Ids and names in the shape Trello gives them, for whatever has none of them here."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

COLORS = {
    "gray": None, "red": "red", "orange": "orange", "yellow": "yellow", "green": "green", "teal": "sky",
    "blue": "blue", "violet": "purple", "pink": "pink",
}  # fmt: skip


def object_id(id_: UUID, at: datetime) -> str:
    """The second in which it was made, then what is its own."""
    return f"{max(int(at.timestamp()), 0):08x}{id_.hex[:16]}"


def iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


class People:
    """Everybody whom the export names, collected while it is written."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def key(self, person_id: UUID | str | None, name: str) -> str:
        """Without an account: by the name."""
        key = str(person_id).replace("-", "")[:24] if person_id else sha256(name.encode()).hexdigest()[:24]
        self._names.setdefault(key, name)
        return key

    def all(self) -> list[dict[str, Any]]:
        return [
            {"id": key, "fullName": name, "username": "".join(name.casefold().split())}
            for key, name in self._names.items()
        ]
