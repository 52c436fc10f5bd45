"""A board as CSV, one row a card. No text of anybody becomes a formula; reading it back gives the text itself."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.spreadsheet import defuse
from app.tasks.exchange import csv_cells as cells
from app.tasks.exchange.csv_file import FIELDS
from app.tasks.exchange.write_rows import Frame, Hanging, cards, frame, hanging, homes
from app.tasks.tables import CardRow

BOM = "\ufeff"  # without it, spreadsheets take UTF-8 for something else


def csv_parts(db: Session, board_id: UUID) -> Iterator[bytes]:
    held, was_in = frame(db, board_id), homes(db, board_id)
    yield (BOM + _lines([list(FIELDS)])).encode()
    for some in cards(db, board_id):
        extra = hanging(db, some)
        yield _lines([_row(card, held, was_in, extra) for card in some]).encode()


def _row(card: CardRow, held: Frame, was_in: dict[UUID, tuple[UUID | None, str | None]], extra: Hanging) -> list[str]:
    columns = {column.id: column.name for column in held.columns}
    lanes = {lane.id: lane.name for lane in held.lanes}
    labels = [label.name for label in held.labels if label.id in card.label_ids]
    people = [held.people.get(person_id, "") for person_id in card.assignee_ids]
    column = columns.get(card.column_id) if card.column_id else was_in.get(card.id, (None, None))[1]
    return [
        str(card.number),
        defuse(card.title),
        defuse(card.description),
        defuse(column or ""),
        defuse(lanes.get(card.lane_id, "") if card.lane_id else ""),
        defuse(cells.join(labels)),
        defuse(cells.join(sorted(name for name in people if name))),
        card.priority,
        card.category,
        card.start_on.isoformat() if card.start_on else "",
        card.due_on.isoformat() if card.due_on else "",
        f"{card.estimate:g}" if card.estimate is not None else "",
        _moment(card.created_at),
        _moment(card.completed_at),
        _moment(card.archived_at),
        defuse(cells.checklist_text(extra.items.get(card.id, []))),
    ]


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _lines(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
