"""Keys of a file → what they are here, and rows in bulk."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks.exchange.draft import Draft

AT_ONCE = 2_000
SOMEBODY = "Somebody"
IMPORTED = " (imported)"


def as_imported(name: str) -> str:
    """Whose words a file says they are: anybody could have written the file."""
    return written_here(name) + IMPORTED


def written_here(name: str) -> str:
    return name.removesuffix(IMPORTED)


@dataclass
class Ids:
    board: UUID
    columns: dict[str, UUID]
    lanes: dict[str, UUID]
    labels: dict[str, UUID]
    cards: dict[str, UUID]
    people: dict[str, Actor]
    column_names: dict[str, str]
    lane_names: dict[str, str]
    label_names: dict[str, str]
    person_names: dict[str, str]
    earlier_names: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def column_name(self, key: str | None, at: datetime) -> str | None:
        """As it was called then."""
        earlier = self.earlier_names.get(key or "", [])
        return next((name for until, name in earlier if at < until), self.column_names.get(key or ""))


def new_ids(draft: Draft, board_id: UUID, people: dict[str, Actor]) -> Ids:
    return Ids(
        board=board_id,
        columns={column.key: uuid4() for column in draft.columns},
        lanes={key: uuid4() for key, _ in draft.lanes},
        labels={label.key: uuid4() for label in draft.labels},
        cards={card.key: uuid4() for card in draft.cards},
        people=people,
        column_names={column.key: column.name for column in draft.columns},
        lane_names=dict(draft.lanes),
        label_names={label.key: label.name for label in draft.labels},
        person_names={person.key: person.name for person in draft.people},
        earlier_names={column.key: column.renamed for column in draft.columns if column.renamed},
    )


def insert(db: Session, table: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    """In portions, so that no statement is larger than the server takes."""
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == AT_ONCE:
            db.execute(sa.insert(table), some)
            some = []
    if some:
        db.execute(sa.insert(table), some)
