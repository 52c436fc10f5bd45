"""What both formats of an export are made of: the rows of a board in its order, some at a time."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import SYSTEM
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, FileRow, NoteRow
from app.tasks.exchange.draft import Item
from app.tasks.tables import BoardRow, CardRow, ColumnRow, LabelRow, LaneRow, TransitionRow

AT_ONCE = 500
T = TypeVar("T")


@dataclass
class Frame:
    """What there is few of on a board."""

    board: BoardRow
    columns: list[ColumnRow]
    lanes: list[LaneRow]
    labels: list[LabelRow]
    people: dict[UUID, str]


def frame(db: Session, board_id: UUID) -> Frame:
    def all_of(row: type[Any], *by: Any) -> list[Any]:
        return list(db.scalars(sa.select(row).where(row.board_id == board_id).order_by(*by)))

    return Frame(
        board=db.get_one(BoardRow, board_id),
        columns=all_of(ColumnRow, ColumnRow.rank),
        lanes=all_of(LaneRow, LaneRow.rank),
        labels=all_of(LabelRow, sa.func.lower(LabelRow.name)),
        people=dict(accounts.person_names(db, SYSTEM)),
    )


def cards(db: Session, board_id: UUID) -> Iterator[list[CardRow]]:
    """Column by column in their order, then the archived ones as they were put away."""
    query = sa.select(CardRow).outerjoin(ColumnRow, ColumnRow.id == CardRow.column_id)
    query = query.where(CardRow.board_id == board_id)
    query = query.order_by(ColumnRow.rank.nulls_last(), CardRow.rank, CardRow.archived_at, CardRow.number)
    for some in db.scalars(query.execution_options(yield_per=AT_ONCE)).partitions():
        yield list(some)


def homes(db: Session, board_id: UUID) -> dict[UUID, tuple[UUID | None, str | None]]:
    """Of each card that was ever archived: the column it was archived from the last time."""
    query = sa.select(TransitionRow.card_id, TransitionRow.from_column_id, TransitionRow.from_column)
    query = query.where(TransitionRow.board_id == board_id, TransitionRow.kind == "archived")
    query = query.distinct(TransitionRow.card_id).order_by(TransitionRow.card_id, TransitionRow.id.desc())
    return {card_id: (column_id, name) for card_id, column_id, name in db.execute(query).tuples()}


@dataclass
class Hanging:
    """What hangs on some cards, by card."""

    items: dict[UUID, list[Item]]
    notes: dict[UUID, list[NoteRow]]
    files: dict[UUID, list[FileRow]]
    blockers: dict[UUID, list[UUID]]


def hanging(db: Session, some: list[CardRow]) -> Hanging:
    ids = [card.id for card in some]
    items: dict[UUID, list[Item]] = defaultdict(list)
    for row in _of(db, ChecklistItemRow, ids, ChecklistItemRow.rank):
        items[row.card_id].append(_item(row))
    notes: dict[UUID, list[NoteRow]] = defaultdict(list)
    for note in _of(db, NoteRow, ids, NoteRow.day, NoteRow.created_at, NoteRow.id):
        notes[note.card_id].append(note)
    files: dict[UUID, list[FileRow]] = defaultdict(list)
    for file in _of(db, FileRow, ids, FileRow.created_at, FileRow.id):
        files[file.card_id].append(file)
    blockers: dict[UUID, list[UUID]] = defaultdict(list)
    for blocker in _of(db, BlockerRow, ids, BlockerRow.created_at, BlockerRow.blocker_id):
        blockers[blocker.card_id].append(blocker.blocker_id)
    return Hanging(items, notes, files, blockers)


def _item(row: ChecklistItemRow) -> Item:
    return Item(row.text, row.done_at is not None, row.list, row.done_at, row.done_by or "")


def _of(db: Session, row: type[T], ids: list[UUID], *by: Any) -> Iterator[T]:
    yield from db.scalars(sa.select(row).where(row.card_id.in_(ids)).order_by(*by))  # type: ignore[attr-defined]
